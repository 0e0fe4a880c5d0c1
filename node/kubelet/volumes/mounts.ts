import { readFile } from 'node:fs/promises'

/** Mount points of this mount namespace. */
export async function mountPoints(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n')
  return lines.map(line => (line.split(' ')[1] ?? '').replace(/\\040/g, ' ')).filter(Boolean)
}

export const isMounted = async (path: string): Promise<boolean> => (await mountPoints()).includes(path)
