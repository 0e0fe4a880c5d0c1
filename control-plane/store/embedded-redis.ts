import { access, constants, mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { mendAppendOnlyFile } from './append-only-file.ts'

/** How to run the private Redis of a server: what the supervisor starts and what the store connects to. */
export interface EmbeddedRedis {
  command: string[]
  /** Store URL of it. */
  url: string
  socket: string
  /**
   * Waits until a Redis that an earlier server left behind on the same data has ended (two would write to one file), and
   * mends that file. To be called before each start.
   */
  prepare(): Promise<void>
}

/** Unix socket paths are limited by the kernel (sun_path). */
const LONGEST_SOCKET_PATH = 107
/** How long a Redis whose server ended may take to end. Milliseconds. */
const LONGEST_END = 10_000
const CHECK_INTERVAL = 20
const SERVER = 'redis-server'

/**
 * Writes the configuration of a Redis that only this machine's root can reach and whose acknowledged writes survive power
 * loss: a unix socket and no port; every write is synced to the append-only file before it is answered.
 *
 * `dir` keeps its data. The socket is made in it, or in `socketDir` where the path would be too long.
 * @throws Error where no redis-server is installed, or the path of the socket is too long
 */
export async function embeddedRedis(dir: string, socketDir = dir): Promise<EmbeddedRedis> {
  const home = resolve(dir)
  const socket = join(resolve(socketDir), 'redis.sock')
  if (socket.length > LONGEST_SOCKET_PATH) {
    throw new Error(
      `socket path "${socket}" has ${socket.length} characters, the kernel takes ${LONGEST_SOCKET_PATH}: use a shorter data directory`,
    )
  }
  if (!(await isOnPath(SERVER)))
    throw new Error(`${SERVER} is not on the PATH: install it (apt-get install ${SERVER})`)
  await mkdir(home, { recursive: true, mode: 0o700 })
  await mkdir(resolve(socketDir), { recursive: true, mode: 0o700 })
  const path = join(home, 'redis.conf')
  await writeFile(path, configuration(home, socket), { mode: 0o600 })
  return {
    command: [SERVER, path],
    url: `unix://${socket}`,
    socket,
    async prepare() {
      await predecessorEnded(socket)
      await mendAppendOnlyFile(home)
    },
  }
}

async function isOnPath(command: string): Promise<boolean> {
  const places = (process.env.PATH ?? '').split(delimiter)
  const found = places.map(place => access(join(place, command), constants.X_OK))
  return Promise.any(found).then(
    () => true,
    () => false,
  )
}

/** It was told to end when its server ended. */
async function predecessorEnded(socket: string): Promise<void> {
  for (const end = Date.now() + LONGEST_END; await isListening(socket); ) {
    if (Date.now() > end) throw new Error(`another Redis still runs on ${socket}`)
    await sleep(CHECK_INTERVAL)
  }
}

/** Whether a process listens on a unix socket (in whatever namespace it lives). */
export function isListening(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = connect(socket)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
}

function configuration(home: string, socket: string): string {
  const settings: [string, string][] = [
    ['port', '0'],
    ['unixsocket', quoted(socket)],
    ['unixsocketperm', '700'],
    ['dir', quoted(home)],
    ['daemonize', 'no'],
    ['save', '""'],
    ['appendonly', 'yes'],
    ['appendfsync', 'always'],
    ['no-appendfsync-on-rewrite', 'no'],
    // The file is rewritten when it has doubled, so it stays below twice what is kept, or this.
    ['auto-aof-rewrite-percentage', '100'],
    ['auto-aof-rewrite-min-size', '64mb'],
    ['aof-rewrite-incremental-fsync', 'yes'],
    ['aof-use-rdb-preamble', 'yes'],
    // A rewrite of what is written fast would cost as much as the writes.
    ['rdbcompression', 'no'],
    ['maxmemory-policy', 'noeviction'],
    ['hz', '10'],
    ['loglevel', 'notice'],
    // Logs are trimmed by whole nodes: small ones keep the length near what was asked for.
    ['stream-node-max-entries', '64'],
  ]
  return `${settings.map(([name, value]) => `${name} ${value}`).join('\n')}\n`
}

function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
