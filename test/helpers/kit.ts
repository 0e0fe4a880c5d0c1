import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '..', '..')
const RUN = join(ROOT, 'plugins', 'kit', 'run.ts')

export interface KitOutcome {
  code: number
  /** Titles of requirements that were met, and of those that were not. */
  met: string[]
  unmet: string[]
  output: string
}

/** Runs a suite of the kit on a plugin's file (relative to the checkout), as its author does. */
export async function runKit(type: string, file: string, ...flags: string[]): Promise<KitOutcome> {
  const argv = [RUN, type, join(file.startsWith('/') ? '/' : ROOT, file), ...flags]
  const { code, stdout, stderr } = await promisify(execFile)(process.execPath, argv, {
    timeout: 600_000,
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    error => ({ code: Number(error.code) || -1, stdout: error.stdout ?? '', stderr: error.stderr ?? '' }),
  )
  const titles = (start: string): string[] =>
    [...stdout.matchAll(new RegExp(`^${start} \\d+ - (.*)$`, 'gm'))].map(([, title]) => title!)
  return { code, met: titles('ok'), unmet: titles('not ok'), output: `${stdout}${stderr}` }
}
