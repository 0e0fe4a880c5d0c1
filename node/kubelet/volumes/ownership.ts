import { chmod, chown, lchown, lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '../../../api/kinds/types.ts'

const FILE = 0o660
const FOLDER = 0o2770
const OPEN = 0o777

/** The group that owns a Pod's volumes (`fsGroup`), if it wants one. */
export const groupOf = ({ spec }: Pod): number | undefined => spec.securityContext?.fsGroup

/**
 * Gives a volume to the Pod's group: everything in it can be read and written by the group, and what is made in it later
 * belongs to the group too. With `OnRootMismatch` a volume whose root is right already is left alone.
 */
export async function giveToGroup(root: string, { spec }: Pod): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = spec.securityContext ?? {}
  if (fsGroup === undefined) return
  if (fsGroupChangePolicy === 'OnRootMismatch' && (await isOwned(root, fsGroup))) return
  await give(root, fsGroup)
}

/** Lets whatever user a container runs as into a volume's directory, which the Pod's group owns. What is in it is left alone. */
export async function openToPod(directory: string, pod: Pod): Promise<void> {
  const group = groupOf(pod)
  if (group !== undefined) await chown(directory, 0, group)
  await chmod(directory, group === undefined ? OPEN : OPEN | FOLDER)
}

async function isOwned(path: string, gid: number): Promise<boolean> {
  const found = await lstat(path)
  return found.gid === gid && (found.mode & FOLDER) === FOLDER
}

/** The root comes last: it tells, after a crash, whether the rest was done. */
async function give(path: string, gid: number): Promise<void> {
  const found = await lstat(path)
  if (found.isDirectory()) for (const name of await readdir(path)) await give(join(path, name), gid)
  await lchown(path, found.uid, gid)
  if (found.isSymbolicLink()) return
  await chmod(path, (found.mode & 0o7777) | (found.isDirectory() ? FOLDER : FILE))
}
