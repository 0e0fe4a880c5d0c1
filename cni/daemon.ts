import { mkdir, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { cniPlugins } from './plugins/table.ts'
import { runPlugin } from './skel.ts'

/**
 * Where the native entry looks for the daemon. The number is that of the protocol: an entry of another one finds nobody and
 * does the call by itself.
 */
export const DAEMON_SOCKET = '/run/skiff/cni-2.sock'

/**
 * Serves the plugins to their native entry, which is there in a millisecond where a Node process takes forty. A request
 * is `NAME\0VARIABLE=VALUE\0…\0\0STDIN` until the client ends its side; the answer is the exit code in one byte, the
 * length of the standard output in four (big-endian), and the standard output: a client that gets less runs the call by
 * itself.
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

async function serve(connection: Socket): Promise<void> {
  connection.on('error', () => connection.destroy())
  const chunks: Buffer[] = []
  for await (const chunk of connection) chunks.push(chunk)
  const { name, env, stdin } = parseRequest(Buffer.concat(chunks).toString())
  const plugin = cniPlugins[name]
  if (!plugin) return void connection.end(answer(2, ''))
  const { stdout, exitCode } = await runPlugin(plugin, { env, stdin })
  connection.end(answer(exitCode, stdout))
}

function answer(exitCode: number, stdout: string): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt8(exitCode, 0)
  header.writeUInt32BE(Buffer.byteLength(stdout), 1)
  return Buffer.concat([header, Buffer.from(stdout)])
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
