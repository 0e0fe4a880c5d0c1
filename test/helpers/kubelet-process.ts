/**
 * The kubelet of a test, run inside a test machine: `node kubelet-process.ts CONFIG.json`. The API server is reached
 * through a unix socket of the machine's folder, since the machine has a network of its own.
 */
import { readFile, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { pino } from 'pino'
import { createInformerFactory } from '../../api/client/informer.ts'
import { createClient } from '../../api/client/rest-client.ts'
import { startCniDaemon } from '../../cni/daemon.ts'
import containerd from '../../cri/containerd/plugin.ts'
import { startKubelet } from '../../node/kubelet/kubelet.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { KubeletConfig } from './kubelet.ts'

const config: KubeletConfig = JSON.parse(await readFile(process.argv[2]!, 'utf8'))
const { dir, nodeName, ca, cert, key } = config
const log = pino({ level: process.env.SKIFF_TEST_LOG ? 'debug' : 'warn' }, pino.destination(2)) as Logger
const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort())

const forwarder = createServer(socket => {
  const upstream = connect(`${dir}/api.sock`)
  socket.on('error', () => upstream.destroy()).pipe(upstream)
  upstream.on('error', () => socket.destroy()).pipe(socket)
})
await new Promise<void>(done => forwarder.listen(0, '127.0.0.1', done))
const server = `https://127.0.0.1:${(forwarder.address() as AddressInfo).port}`
const client = createClient({ server, ca, cert, key })
const informers = createInformerFactory(client, stopping.signal)
await startCniDaemon()
const runtime = await containerd.start({
  name: 'containerd',
  config: { socket: config.socket },
  log,
  signal: stopping.signal,
  dataDir: dir,
})
const otherRuntimes = Object.fromEntries(
  await Promise.all(
    Object.entries(config.otherRuntimes ?? {}).map(async ([handler, socket]) => {
      const name = `containerd-${handler}`
      const common = { log, signal: stopping.signal, dataDir: dir }
      const other = await containerd.start({ name, config: { socket }, ...common })
      return [handler, { name, runtime: other }]
    }),
  ),
)
const kubelet = await startKubelet({
  client,
  informers,
  serviceInformers: informers,
  nodeName,
  nodeAddress: '127.0.0.1',
  labels: {},
  runtime,
  runtimeName: 'containerd',
  otherRuntimes,
  dataDir: `${dir}/kubelet`,
  clusterDNS: ['10.96.0.10'],
  clusterDomain: 'cluster.local',
  settings: config.settings ?? {},
  server: {
    address: '127.0.0.1',
    port: 0,
    tls: { certFile: `${dir}/kubelet.crt`, keyFile: `${dir}/kubelet.key`, clientCAFile: `${dir}/ca.crt` },
  },
  volumePlugins: [],
  log,
  signal: stopping.signal,
})
const door = createServer(socket => {
  const upstream = connect(kubelet.port, '127.0.0.1')
  socket.on('error', () => upstream.destroy()).pipe(upstream)
  upstream.on('error', () => socket.destroy()).pipe(socket)
})
await rm(`${dir}/kubelet.sock`, { force: true })
await new Promise<void>(done => door.listen(`${dir}/kubelet.sock`, done))
void kubelet.ready.then(() => console.log('ready'))
stopping.signal.addEventListener('abort', async () => {
  await kubelet.stop()
  process.exit()
})
