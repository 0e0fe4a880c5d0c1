import { randomInt } from 'node:crypto'
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A file of a volume made from API objects. `path` is relative and may have folders. */
export interface VolumeFile {
  path: string
  content: Buffer
  mode: number
  /** Who owns it; root where left out. */
  uid?: number
}

const DATA = '..data'
const NEW_DATA = '..data_tmp'
const LONGEST_PATH = 4096
/** What a group that shares a volume may do with what is read-only to all. */
const GROUP_READ = 0o440
const GROUP_FOLDER = 0o2550

/**
 * Puts files into a directory all at once: they are written to a new folder with the time as its name, and one rename of
 * the `..data` link makes them visible; what a container has open stays whole. Nothing is touched when nothing changed.
 * Must not be called twice at once for one directory. `group` also owns everything and may read it.
 * @throws Error when a path is absolute, too long, or leads out of the directory.
 */
export async function writeAtomically(directory: string, files: VolumeFile[], group?: number): Promise<void> {
  for (const { path } of files) checkPath(path)
  const current = await readlink(join(directory, DATA)).catch(() => undefined)
  if (current && (await isSame(join(directory, current), files, group))) return
  await removeLeftovers(directory, current)
  const name = folderName()
  const fresh = join(directory, name)
  await mkdir(fresh)
  await own(fresh, group)
  for (const file of files) await writeOne(fresh, file, group)
  await symlink(name, join(directory, NEW_DATA))
  await rename(join(directory, NEW_DATA), join(directory, DATA))
  await linkNames(directory, files)
  if (current) await rm(join(directory, current), { recursive: true, force: true })
}

function checkPath(path: string): void {
  if (path === '') throw new Error('invalid path: must not be empty')
  if (path.startsWith('/')) throw new Error(`invalid path: must be relative path: ${path}`)
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new Error(`invalid path: must be less than or equal to ${LONGEST_PATH} characters`)
  }
  const parts = path.split('/')
  if (parts.includes('..')) throw new Error(`invalid path: must not contain '..': ${path}`)
  if (parts[0]!.startsWith('..')) throw new Error(`invalid path: must not start with '..': ${path}`)
}

/** `..2026_01_31_09_05_07.123456789`: what a user sees who lists the directory. */
function folderName(): string {
  const [time = '', milliseconds = ''] = new Date().toISOString().slice(0, -1).split('.')
  return `..${time.replace(/[-T:]/g, '_')}.${milliseconds}${String(randomInt(1_000_000)).padStart(6, '0')}`
}

/** A crash may have left a folder that no link leads to, or a link that was not renamed. */
async function removeLeftovers(directory: string, current: string | undefined): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith('..') || name === DATA || name === current) continue
    await rm(join(directory, name), { recursive: true, force: true })
  }
}

async function own(folder: string, group: number | undefined): Promise<void> {
  await chmod(folder, 0o755)
  if (group === undefined) return
  await chown(folder, 0, group)
  await chmod(folder, 0o755 | GROUP_FOLDER)
}

async function writeOne(
  root: string,
  { path, content, mode, uid = 0 }: VolumeFile,
  group: number | undefined,
): Promise<void> {
  const target = join(root, path)
  const folders = path.split('/').slice(0, -1)
  if (folders.length > 0) await mkdir(dirname(target), { recursive: true })
  for (let i = 1; i <= folders.length; i++) await own(join(root, ...folders.slice(0, i)), group)
  await writeFile(target, content)
  if (uid !== 0 || group !== undefined) await chown(target, uid, group ?? 0)
  await chmod(target, modeOf(mode, group))
}

const modeOf = (mode: number, group: number | undefined): number =>
  group === undefined ? mode : mode | GROUP_READ

/** Top-level names are links through `..data`, so that the rename changes them all. Names no longer there go. */
async function linkNames(directory: string, files: VolumeFile[]): Promise<void> {
  const wanted = new Set(files.map(({ path }) => path.split('/')[0]!))
  const there = await readdir(directory)
  for (const name of there) {
    if (!name.startsWith('..') && !wanted.has(name)) await rm(join(directory, name), { force: true })
  }
  for (const name of wanted) if (!there.includes(name)) await symlink(join(DATA, name), join(directory, name))
}

async function isSame(root: string, files: VolumeFile[], group: number | undefined): Promise<boolean> {
  const there = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  const unique = new Set(files.map(({ path }) => path))
  if (there.filter(entry => entry.isFile()).length !== unique.size) return false
  const same = files.map(async ({ path, content, mode }) => {
    const file = join(root, path)
    try {
      if (((await stat(file)).mode & 0o777) !== (modeOf(mode, group) & 0o777)) return false
      return content.equals(await readFile(file))
    } catch {
      return false
    }
  })
  return (await Promise.all(same)).every(Boolean)
}
