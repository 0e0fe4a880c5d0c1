import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** A file of a volume made from API objects. `path` is relative and may have folders. */
export interface VolumeFile {
  path: string
  content: Buffer
  mode: number
}

const DATA = '..data'

/**
 * Puts files into a directory all at once: they are written to a new folder, and one rename of the `..data` link makes
 * them visible; what a container has open stays whole. Nothing is touched when nothing changed.
 */
export async function writeAtomically(
  directory: string,
  files: VolumeFile[],
  owner?: { gid: number },
): Promise<void> {
  const current = await readlink(join(directory, DATA)).catch(() => undefined)
  if (current && (await isSame(join(directory, current), files))) return
  const fresh = await mkdtemp(join(directory, '..tmp_'))
  await chmod(fresh, 0o755)
  for (const file of files) await writeOne(fresh, file, owner)
  await symlink(basename(fresh), join(directory, '..data_tmp')).catch(async error => {
    if (error.code !== 'EEXIST') throw error
    await rm(join(directory, '..data_tmp'))
    await symlink(basename(fresh), join(directory, '..data_tmp'))
  })
  await rename(join(directory, '..data_tmp'), join(directory, DATA))
  await linkNames(directory, files)
  if (current) await rm(join(directory, current), { recursive: true, force: true })
}

async function writeOne(
  root: string,
  { path, content, mode }: VolumeFile,
  owner?: { gid: number },
): Promise<void> {
  const target = join(root, path)
  await mkdir(dirname(target), { recursive: true })
  await writeFile(target, content)
  await chmod(target, owner ? mode | ((mode & 0o400) >> 3) : mode)
  if (owner) await chown(target, 0, owner.gid)
}

/** Top-level names are links through `..data`, so that the rename changes them all. Names no longer there go. */
async function linkNames(directory: string, files: VolumeFile[]): Promise<void> {
  const wanted = new Set(files.map(({ path }) => path.split('/')[0]!))
  const there = await readdir(directory)
  for (const name of there)
    if (!name.startsWith('..') && !wanted.has(name)) await rm(join(directory, name), { force: true })
  for (const name of wanted) if (!there.includes(name)) await symlink(join(DATA, name), join(directory, name))
}

async function isSame(root: string, files: VolumeFile[]): Promise<boolean> {
  const there = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  if (there.filter(entry => entry.isFile()).length !== files.length) return false
  const same = files.map(async ({ path, content }) =>
    readFile(join(root, path)).then(
      bytes => bytes.equals(content),
      () => false,
    ),
  )
  return (await Promise.all(same)).every(Boolean)
}
