/**
 * An API server alone, for developing against: `node control-plane/apiserver/dev.ts --data DIR [--port N]`. It starts a
 * Redis of its own, writes `DIR/admin.kubeconfig` and prints one line when it is ready. Ends with SIGINT or SIGTERM.
 */
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import type { Logger } from '../../plugins/plugin.ts'
import { ensurePki, writeKubeconfig } from '../auth/pki.ts'
import { embeddedRedis } from '../store/embedded-redis.ts'
import { openStore } from '../store/redis-store.ts'
import { serviceAddress } from './bootstrap/kubernetes-service.ts'
import { startApiServer } from './server.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    port: { type: 'string', default: '6443' },
    bind: { type: 'string', default: '127.0.0.1' },
    'log-level': { type: 'string', default: 'warn' },
  },
})
if (!values.data) {
  console.error('usage: node control-plane/apiserver/dev.ts --data DIR [--port N] [--bind ADDRESS]')
  process.exit(2)
}

const data = resolve(values.data)
const serviceCIDR = '10.96.0.0/16'
const log = pino({ level: values['log-level'] }) as Logger
const stopping = new AbortController()
const stopped = new Promise<void>(done => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done())
})

const redis = await embeddedRedis(join(data, 'redis'))
await redis.prepare()
const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...redis.command], { stdio: 'ignore' })
process.on('exit', () => child.kill())
const store = await openStore({ url: redis.url, log })
const pki = await ensurePki(join(data, 'pki'), {
  hostnames: [],
  addresses: [values.bind],
  serviceAddress: serviceAddress(serviceCIDR),
})
const server = await startApiServer({
  store,
  pki,
  bindAddress: values.bind,
  port: Number(values.port),
  advertiseAddress: values.bind,
  serviceCIDR,
  clusterDomain: 'cluster.local',
  log,
  signal: stopping.signal,
})
const kubeconfig = join(data, 'admin.kubeconfig')
const address = `https://${values.bind}:${server.port}`
await writeKubeconfig(kubeconfig, {
  server: address,
  ca: pki.ca.cert,
  client: pki.clients.admin,
  user: 'kubernetes-admin',
})
console.log(`ready ${address} kubeconfig ${kubeconfig}`)

await stopped
await server.stop()
await store.close()
process.exit()
