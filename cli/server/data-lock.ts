import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { UserError } from '../failure.ts'

/**
 * Makes sure that one server at a time uses a data directory, by whatever name. The lock is an abstract unix socket: the
 * kernel gives it back when the process ends, however it ends.
 */
export async function lockDataDir(dir: string, purpose: string): Promise<void> {
  const real = await realpath(dir).catch(() => resolve(dir))
  const id = createHash('sha256').update(real).digest('hex').slice(0, 32)
  await new Promise<void>((done, reject) => {
    const server = createServer().unref()
    server.on('error', cause => reject(inUse(dir, purpose, cause)))
    server.listen(`\0skiff-${purpose}-${id}`, done)
  })
}

/** What is said of a data directory that another process uses. */
export const inUse = (dir: string, purpose: string, cause: unknown): UserError =>
  new UserError(`${dir} is in use by another skiff ${purpose}`, 'Stop that one, or give another --data.', {
    cause,
  })
