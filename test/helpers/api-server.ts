import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import type { Client } from '../../api/client/client.ts'
import { createClient } from '../../api/client/rest-client.ts'
import { serviceAddress } from '../../control-plane/apiserver/bootstrap/kubernetes-service.ts'
import {
  type ApiServer,
  type ApiServerOptions,
  startApiServer,
} from '../../control-plane/apiserver/server.ts'
import { ensurePki, type Pki, writeKubeconfig } from '../../control-plane/auth/pki.ts'
import { openStore } from '../../control-plane/store/redis-store.ts'
import type { StorePlugin } from '../../plugins/store.ts'
import { kubectlBinary } from './kubectl.ts'
import { quietLog } from './log.ts'
import { startRedis, type TestRedis } from './redis.ts'

const run = promisify(execFile)
const SERVICE_CIDR = '10.96.0.0/16'

/** A raw answer. `body` is parsed when it is JSON. */
export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  text: string
  body: any
}

export interface RawRequest {
  method?: string
  body?: unknown
  headers?: Record<string, string>
  /** Identity; the administrator by default, `null` for none. */
  user?: keyof Pki['clients'] | null
}

/** An API server with a Redis of its own, over real TLS. */
export interface TestApiServer {
  server: ApiServer
  store: StorePlugin
  redis: TestRedis
  pki: Pki
  url: string
  kubeconfig: string
  /** A client over HTTP, as the administrator. */
  client: Client
  /** One request as it is. */
  raw(path: string, request?: RawRequest): Promise<Answer>
  /** A merge patch. */
  mergePatch(path: string, body: object): Promise<Answer>
  /** An answer that is read as it comes. */
  open(path: string, request?: RawRequest): Promise<IncomingMessage>
  kubectl(version: string, ...args: string[]): Promise<string>
  /** Stops the API server and starts another one on the same store and port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startTestApiServer(options: Partial<ApiServerOptions> = {}): Promise<TestApiServer> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-api-'))
  const redis = await startRedis()
  const store = await openStore({ url: redis.url, log: quietLog })
  const pki = await ensurePki(join(dir, 'pki'), {
    hostnames: [],
    addresses: [],
    serviceAddress: serviceAddress(SERVICE_CIDR),
  })
  const start = (port: number) =>
    startApiServer({
      store,
      pki,
      bindAddress: '127.0.0.1',
      port,
      advertiseAddress: '192.0.2.1',
      serviceCIDR: SERVICE_CIDR,
      clusterDomain: 'cluster.local',
      log: quietLog,
      signal: new AbortController().signal,
      ...options,
    })
  const server = await start(0)
  const { port } = server
  const url = `https://127.0.0.1:${port}`
  const kubeconfig = join(dir, 'admin.kubeconfig')
  const admin = pki.clients.admin
  await writeKubeconfig(kubeconfig, { server: url, ca: pki.ca.cert, client: admin, user: 'admin' })
  const client = createClient({ server: url, ca: pki.ca.cert, cert: admin.cert, key: admin.key })
  const agents = new Map<string, Agent>()
  const agentFor = (user: RawRequest['user']) => {
    const name = user ?? 'none'
    const identity = user ? pki.clients[user] : undefined
    const agent = agents.get(name) ?? new Agent({ ca: pki.ca.cert, keepAlive: true, ...identity })
    agents.set(name, agent)
    return agent
  }
  const open = (path: string, { method, body, headers = {}, user = 'admin' }: RawRequest = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const content =
        body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
      const defaults: Record<string, string | number> = { accept: 'application/json' }
      if (content !== undefined) {
        defaults['content-type'] = 'application/json'
        defaults['content-length'] = Buffer.byteLength(content)
      }
      const verb = method ?? (body === undefined ? 'GET' : 'POST')
      const request = httpsRequest(
        url + path,
        { method: verb, agent: agentFor(user), headers: { ...defaults, ...headers } },
        resolve,
      )
      request.on('error', reject)
      request.end(content)
    })
  const test: TestApiServer = {
    server,
    store,
    redis,
    pki,
    url,
    kubeconfig,
    client,
    open,
    async raw(path, request) {
      const response = await open(path, request)
      const text = (await buffer(response)).toString()
      return { status: response.statusCode!, headers: response.headers, text, body: parse(text) }
    },
    mergePatch: (path, body) =>
      test.raw(path, {
        method: 'PATCH',
        body,
        headers: { 'content-type': 'application/merge-patch+json' },
      }),
    async kubectl(version, ...args) {
      const { stdout } = await run(kubectlBinary(version), args, {
        env: { ...process.env, KUBECONFIG: kubeconfig, HOME: dir },
      })
      return stdout
    },
    async restart() {
      await test.server.stop()
      test.server = await start(port)
    },
    async stop() {
      client.close()
      for (const agent of agents.values()) agent.destroy()
      await test.server.stop()
      await store.close()
      await redis.remove()
      await rm(dir, { recursive: true, force: true })
    },
  }
  return test
}

function parse(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Lines of a watch as events, until the stream ends. */
export async function* watchEvents(response: IncomingMessage): AsyncGenerator<{ type: string; object: any }> {
  let rest = ''
  for await (const chunk of response) {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop()!
    for (const line of lines) yield JSON.parse(line)
  }
}

/** The next so many events of a watch; closes it. */
export async function takeEvents(
  response: IncomingMessage,
  count: number,
): Promise<{ type: string; object: any }[]> {
  const events: { type: string; object: any }[] = []
  for await (const event of watchEvents(response)) {
    events.push(event)
    if (events.length === count) break
  }
  response.destroy()
  return events
}
