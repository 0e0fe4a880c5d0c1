import { closeSync, fstatSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'

/**
 * Work in another network namespace. `setns` changes the calling thread alone, and everything between the two calls is
 * synchronous: no other code of this thread, and no other thread, ever sees the other namespace. What is opened inside
 * (a netlink socket, a file of /proc/sys/net) keeps belonging to it afterwards.
 */

/** The namespace could not be entered: its path is not there, is no namespace, or we may not. */
export class NamespaceError extends Error {
  readonly code = 'NETNS'
  readonly isGone: boolean

  constructor(path: string, cause: NodeJS.ErrnoException) {
    super(`network namespace ${path} cannot be entered: ${cause.message}`, { cause })
    this.name = 'NamespaceError'
    this.isGone = cause.code === 'ENOENT' || cause.code === 'EINVAL'
  }
}

const CLONE_NEWNET = 0x40000000
const OWN = '/proc/thread-self/ns/net'

type SetNs = (fd: number, type: number) => number

let loaded: { setns: SetNs; errno(): number } | undefined

/** Loaded on first use: most processes never leave their namespace. */
function load(): { setns: SetNs; errno(): number } {
  if (!loaded) {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const setns = koffi.load(null).func('int setns(int fd, int nstype)') as unknown as SetNs
    loaded = { setns, errno: () => koffi.errno() }
  }
  return loaded
}

/**
 * Runs synchronous work in the network namespace at `path` and gives its answer. Throws {@link NamespaceError} when it
 * cannot be entered. A thread that cannot come back ends the process: it would work on the wrong machine from then on.
 */
export function inNamespace<T>(path: string, work: () => T): T {
  const { setns, errno } = load()
  const own = openSync(OWN, 'r')
  try {
    const other = open(path)
    const failure = setns(other, CLONE_NEWNET) === 0 ? 0 : errno()
    closeSync(other)
    if (failure !== 0) throw new NamespaceError(path, refused(failure))
    try {
      return work()
    } finally {
      if (setns(own, CLONE_NEWNET) !== 0) process.abort()
    }
  } finally {
    closeSync(own)
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw new NamespaceError(path, cause as NodeJS.ErrnoException)
  }
}

/** EINVAL also means that the file is there but the namespace is not (its mount is gone). */
const refused = (errno: number): NodeJS.ErrnoException =>
  Object.assign(new Error(errno === 22 ? 'it is no network namespace' : `setns failed with errno ${errno}`), {
    code: errno === 22 ? 'EINVAL' : 'EPERM',
  })

/** Whether two paths are one namespace. */
export function isOwnNamespace(path: string): boolean {
  const own = openSync(OWN, 'r')
  try {
    const other = open(path)
    try {
      const [a, b] = [own, other].map(fd => fstatKey(fd))
      return a === b
    } finally {
      closeSync(other)
    }
  } finally {
    closeSync(own)
  }
}

function fstatKey(fd: number): string {
  const { dev, ino } = fstatSync(fd)
  return `${dev}/${ino}`
}
