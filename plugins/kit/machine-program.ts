/** The process a suite starts inside a machine: has a plugin, serves, asks. Called by messages of its parent. */
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadPlugin } from '../host/load.ts'
import type { Logger, PluginType } from '../plugin.ts'

/** So long an answer that must come may take, on a machine however busy (milliseconds). */
const TIMEOUT = 60_000
const stopped = new AbortController()
const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
let plugin: Record<string, unknown> | undefined

const commands: Record<string, (...args: any[]) => unknown> = { startPlugin, callPlugin, serve, tcp, udp }

process.on('message', async ({ id, method, args }: { id: number; method: string; args: unknown[] }) => {
  try {
    process.send?.({ id, value: await commands[method]!(...args) })
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    process.send?.({ id, error: { message, code } })
  }
})
process.on('disconnect', () => process.exit(0))

/** Gives the names of its methods. */
async function startPlugin(type: PluginType, source: string, config: object): Promise<string[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'skiff-kit-'))
  process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }))
  const loaded = await loadPlugin(type, 'tested', pathToFileURL(source).href)
  const context = { name: 'tested', config: { ...config }, log, signal: stopped.signal, dataDir }
  plugin = (await loaded.start(context)) as unknown as Record<string, unknown>
  const methods = new Set<string>()
  for (let o: object | null = plugin; o && o !== Object.prototype; o = Object.getPrototypeOf(o)) {
    for (const name of Object.getOwnPropertyNames(o))
      if (typeof plugin[name] === 'function') methods.add(name)
  }
  return [...methods]
}

function callPlugin(method: string, args: unknown[]): unknown {
  return (plugin![method] as (...args: unknown[]) => unknown).apply(plugin, args)
}

/** Answers TCP and UDP with `NAME ADDRESS-OF-THE-CLIENT`. */
async function serve(port: number, name: string): Promise<void> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.end(`${name} ${socket.remoteAddress}`)
  })
  await new Promise<void>(done => server.listen(port, '0.0.0.0', done))
  const datagrams = createSocket('udp4')
  datagrams.on('message', (_, peer) => {
    datagrams.send(`${name} ${peer.address}`, peer.port, peer.address)
  })
  await new Promise<void>(done => datagrams.bind(port, done))
}

/** The answer to a new connection; rejects with the code of the error, `TIMEOUT` when there is none. */
function tcp(host: string, port: number, timeout = TIMEOUT): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    let answer = ''
    socket.setTimeout(timeout, () => socket.destroy(timedOut()))
    socket.setEncoding('utf8').on('data', text => {
      answer += text
    })
    socket.on('error', reject)
    socket.on('close', failed => !failed && resolve(answer))
  })
}

/** The answer to one datagram from a fresh port. */
function udp(host: string, port: number): Promise<string> {
  const socket = createSocket('udp4')
  return new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(timedOut()), TIMEOUT)
    socket.on('message', message => {
      clearTimeout(timer)
      resolve(String(message))
    })
    socket.on('error', reject)
    socket.send('?', port, host)
  }).finally(() => socket.close())
}

const timedOut = (): Error => Object.assign(new Error('no answer'), { code: 'TIMEOUT' })
