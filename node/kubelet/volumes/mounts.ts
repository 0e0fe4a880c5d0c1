import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** Mount points of this mount namespace, in the order they were made. */
export async function mountPoints(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n')
  return lines.map(line => unescapePath(line.split(' ')[1] ?? '')).filter(Boolean)
}

/** The kernel writes blanks, tabs, newlines and backslashes as octal numbers. */
const unescapePath = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

export const isMounted = async (path: string): Promise<boolean> => (await mountPoints()).includes(path)

/** Mounts a file system; the error is what mount(8) says. */
export async function mount(...args: string[]): Promise<void> {
  await run('mount', args)
}

/** Unmounts everything at a path and below it. What is busy is detached and goes when it is let go. */
export async function unmountAll(path: string): Promise<void> {
  const points = (await mountPoints()).filter(point => point === path || point.startsWith(`${path}/`))
  for (const point of points.reverse()) {
    await run('umount', [point]).catch(() => run('umount', ['--lazy', point]))
  }
}

async function run(command: string, args: string[]): Promise<void> {
  try {
    await exec(command, args)
  } catch (cause) {
    const { stderr = '', message } = cause as Error & { stderr?: string }
    throw new Error(stderr.trim() || message, { cause })
  }
}
