import { mkdir, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { cniPlugins } from './plugins/table.ts'
import { runPlugin } from './skel.ts'

/** Where the native entry looks for the daemon. */
export const DAEMON_SOCKET = '/run/skiff/cni.sock'

/**
 * Serves the plugins to their native entry, which is there in a millisecond where a Node process takes forty. A request
 * is `NAME\0VARIABLE=VALUE\0…\0\0STDIN` until the client ends its side; the answer is one byte, the exit code, and the
 * standard output.
 */
export async function startCniDaemon(socket = DAEMON_SOCKET): Promise<Server> {
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 })
  await rm(socket, { force: true })
  const server = createServer({ allowHalfOpen: true }, connection => void serve(connection))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, resolve)
  })
  return server
}

/** A sandbox is listed by its runtime only some time after its ADD: so long it counts as alive (milliseconds). */
const UNLISTED = 120_000
const adds = new Map<string, number>()

/** Containers whose ADD came lately, or is under way: nothing of theirs may be collected, listed or not. */
export function recentlyAdded(): string[] {
  for (const [id, at] of adds) if (Date.now() - at > UNLISTED) adds.delete(id)
  return [...adds.keys()]
}

async function serve(connection: Socket): Promise<void> {
  connection.on('error', () => connection.destroy())
  const chunks: Buffer[] = []
  for await (const chunk of connection) chunks.push(chunk)
  const { name, env, stdin } = parseRequest(Buffer.concat(chunks).toString())
  const plugin = cniPlugins[name]
  if (!plugin) return void connection.end(Buffer.from([2]))
  if (env.CNI_COMMAND === 'ADD' && env.CNI_CONTAINERID) adds.set(env.CNI_CONTAINERID, Date.now())
  const { stdout, exitCode } = await runPlugin(plugin, { env, stdin })
  connection.end(Buffer.concat([Buffer.from([exitCode]), Buffer.from(stdout)]))
}

function parseRequest(text: string): { name: string; env: Record<string, string>; stdin: string } {
  const end = text.indexOf('\0\0')
  const [name = '', ...variables] = text.slice(0, end).split('\0')
  const env = variables.map(variable => {
    const equals = variable.indexOf('=')
    return [variable.slice(0, equals), variable.slice(equals + 1)]
  })
  return { name, env: Object.fromEntries(env), stdin: text.slice(end + 2) }
}
