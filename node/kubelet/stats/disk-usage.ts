import { lstat, readdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes on disk and files below a folder, as `du` counts them: a file with two names once. Nothing for what is not there. */
export async function diskUsage(path: string): Promise<{ bytes: number; inodes: number }> {
  const seen = new Set<string>()
  const total = { bytes: 0, inodes: 0 }
  const count = async (file: string): Promise<void> => {
    const found = await lstat(file).catch(() => undefined)
    if (!found) return
    const id = `${found.dev}/${found.ino}`
    if (found.nlink > 1 && !found.isDirectory()) {
      if (seen.has(id)) return
      seen.add(id)
    }
    total.bytes += found.blocks * 512
    total.inodes += 1
    if (!found.isDirectory()) return
    for (const name of await readdir(file).catch(() => [])) await count(join(file, name))
  }
  await count(path)
  return total
}

/** A file system: bytes and inodes it has, and has left for ordinary users. */
export interface Filesystem {
  capacity: number
  available: number
  inodes: number
  inodesFree: number
}

/** The file system a path is on; undefined when there is none. */
export async function filesystemOf(path: string): Promise<Filesystem | undefined> {
  const found = await statfs(path).catch(() => undefined)
  if (!found) return undefined
  const { bsize, blocks, bavail, files, ffree } = found
  return { capacity: blocks * bsize, available: bavail * bsize, inodes: files, inodesFree: ffree }
}
