import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { UserError } from '../failure.ts'

/** Makes the data directory of a server if it is not there. Gives its path. @throws UserError if it cannot be used */
export async function prepareDataDir(dir: string): Promise<string> {
  const path = resolve(dir)
  try {
    await makeDir(path)
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new UserError(
      `--data ${dir}: ${(cause as Error).message}`,
      'Give a directory this user may write to.',
      {
        cause,
      },
    )
  }
  return path
}

/** Node's own `recursive` never ends where nothing can be made though the parent is there, as in /proc. */
async function makeDir(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await makeDir(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}
