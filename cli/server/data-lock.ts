import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { UserError } from '../failure.ts'

/**
 * Makes sure that one server at a time uses a data directory. The lock is an abstract unix socket: the kernel gives it
 * back when the process ends, however it ends.
 */
export function lockDataDir(dir: string, purpose: string): Promise<void> {
  const id = createHash('sha256').update(resolve(dir)).digest('hex').slice(0, 32)
  return new Promise((done, reject) => {
    const server = createServer().unref()
    server.on('error', cause => {
      reject(
        new UserError(
          `${dir} is in use by another skiff ${purpose}`,
          'Stop that one, or give another --data.',
          { cause },
        ),
      )
    })
    server.listen(`\0skiff-${purpose}-${id}`, done)
  })
}
