import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect as tlsConnect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { Client, InformerFactory } from '../../api/client/client.ts'
import { events, pods, serviceAccounts } from '../../api/kinds/core.ts'
import type { Pod } from '../../api/kinds/types.ts'
import { isNotFound } from '../../api/meta/status.ts'
import { issueCertificate } from '../../control-plane/auth/pki.ts'
import { BUSYBOX_IMAGE } from '../../lab/images/lab-images.ts'
import type { KubeletSettings } from '../../node/kubelet/settings.ts'
import { startTestApiServer, type TestApiServer } from './api-server.ts'
import { startTestMachine, type TestMachine } from './machine.ts'

const PROCESS = fileURLToPath(new URL('./kubelet-process.ts', import.meta.url))
const DEADLINE = 120_000

/** What the kubelet's process is told. */
export interface KubeletConfig {
  dir: string
  socket: string
  nodeName: string
  ca: string
  cert: string
  key: string
  settings?: Partial<KubeletSettings>
  /** Sockets of further containerds, by the handlers of RuntimeClasses. */
  otherRuntimes?: Record<string, string>
}

/** A node: a machine with containerd and our kubelet, and an API server outside it. */
export interface TestNode {
  nodeName: string
  machine: TestMachine
  api: TestApiServer
  client: Client
  informers: InformerFactory
  /** The kubelet's process id on the host side of things is of no use: kill it by these. */
  killKubelet(): Promise<void>
  /** With settings of its own, if given. */
  startKubelet(settings?: Partial<KubeletSettings>, otherRuntimes?: Record<string, string>): Promise<void>
  /** Takes the API server away from the kubelet, and gives it back. */
  cutApi(): void
  joinApi(): void
  /** Asks the kubelet's server, as the administrator or, with `null`, as nobody. */
  ask(path: string, user?: 'admin' | null | { token: string }): Promise<{ status: number; text: string }>
  /** Creates a Pod of this node. Containers without an image get busybox. */
  createPod(name: string, spec: object, metadata?: object): Promise<Pod>
  /** The Pod once it is as wanted, seen by the watch. */
  waitForPod(name: string, isWanted: (pod: Pod) => unknown, what?: string): Promise<Pod>
  waitForGone(name: string): Promise<void>
  /** `reason: message` of a Pod's events. */
  events(name: string): Promise<string[]>
  waitForEvent(name: string, pattern: RegExp): Promise<string>
  crictl: TestMachine['run']
  stop(): Promise<void>
}

export async function startTestNode(settings: Partial<KubeletSettings> = {}): Promise<TestNode> {
  const machine = await startTestMachine()
  const api = await startTestApiServer().catch(async error => {
    await machine.stop()
    throw error
  })
  const nodeName = 'node-a'
  const forwarder = await forwardApi(join(machine.dir, 'api.sock'), Number(new URL(api.url).port))
  await writeConfig(machine, api, nodeName, settings)
  await createServiceAccount(api.client)
  let child: ChildProcess | undefined
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode) return
    const gone = once(child, 'exit')
    await machine.run('sh', '-c', `kill -9 $(cat ${machine.dir}/kubelet.pid)`)
    await gone
  }
  const start: TestNode['startKubelet'] = async (other, runtimes = {}) => {
    if (other) await writeConfig(machine, api, nodeName, other, runtimes)
    child = await startProcess(machine)
  }
  const { client } = api
  const informer = api.server.informers.informer(pods)
  const key = (name: string) => `default/${name}`
  const waitFor = <T>(read: () => T | undefined, what: string): Promise<T> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        off()
        reject(new Error(`waited too long for ${what}`))
      }, DEADLINE)
      const look = (): void => {
        const found = read()
        if (found === undefined) return
        clearTimeout(timer)
        setImmediate(() => off())
        resolve(found)
      }
      const off = informer.addHandler({ added: look, updated: look, deleted: look })
      look()
    })
  const node: TestNode = {
    nodeName,
    machine,
    api,
    client,
    informers: api.server.informers,
    killKubelet: kill,
    startKubelet: start,
    cutApi: () => forwarder.cut(),
    joinApi: () => forwarder.join(),
    ask: (path, user = 'admin') => askKubelet(machine, api, path, user),
    createPod: (name, spec, metadata = {}) => client.create(pods, podOf(name, nodeName, spec, metadata)),
    waitForPod: (name, isWanted, what = `${name}: ${isWanted}`) =>
      waitFor(() => {
        const pod = informer.get(key(name))
        return pod && isWanted(pod) ? pod : undefined
      }, what).catch(error => {
        throw new Error(`${error.message}; it is ${JSON.stringify(informer.get(key(name))?.status, null, 1)}`)
      }),
    waitForGone: async name => {
      await waitFor(() => (informer.get(key(name)) ? undefined : true), `${name} to be gone`)
    },
    async events(name) {
      const { items } = await client.list(events, {
        namespace: 'default',
        fieldSelector: `involvedObject.name=${name}`,
      })
      return items.map(({ reason, message }) => `${reason}: ${message}`)
    },
    async waitForEvent(name, pattern) {
      const deadline = Date.now() + DEADLINE
      for (;;) {
        const all = await node.events(name)
        const found = all.find(text => pattern.test(text))
        if (found) return found
        if (Date.now() > deadline) throw new Error(`no event ${pattern} among ${JSON.stringify(all)}`)
        await new Promise(done => setTimeout(done, 50))
      }
    },
    crictl: machine.run,
    async stop() {
      await kill().catch(() => {})
      forwarder.close()
      await Promise.all([machine.stop(), api.stop()])
    },
  }
  try {
    await start()
  } catch (error) {
    await node.stop()
    throw error
  }
  return node
}

interface Forwarder {
  cut(): void
  join(): void
  close(): void
}

/** A unix socket both sides see, joined to the API server's port. */
async function forwardApi(path: string, port: number): Promise<Forwarder> {
  await rm(path, { force: true })
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer(socket => {
    if (isCut) return void socket.destroy()
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    const upstream = connect(port, '127.0.0.1')
    socket.on('error', () => upstream.destroy()).pipe(upstream)
    upstream.on('error', () => socket.destroy()).pipe(socket)
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    cut() {
      isCut = true
      for (const socket of sockets) socket.destroy()
    },
    join() {
      isCut = false
    },
    close: () => void server.close(),
  }
}

/** One request to the kubelet's server, over the unix socket its process listens on for the tests. */
function askKubelet(
  { dir }: TestMachine,
  { pki }: TestApiServer,
  path: string,
  user: 'admin' | null | { token: string },
): Promise<{ status: number; text: string }> {
  const identity = user === 'admin' ? pki.clients.admin : {}
  const bearer = user !== null && typeof user === 'object' && { authorization: `Bearer ${user.token}` }
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({
      socket: connect(join(dir, 'kubelet.sock')),
      ca: pki.ca.cert,
      checkServerIdentity: () => undefined,
      ...identity,
    })
    const options = { path, createConnection: () => socket, headers: { host: 'node-a', ...bearer } }
    const request = httpRequest(options, async response => {
      resolve({ status: response.statusCode ?? 0, text: await text(response) })
      socket.destroy()
    })
    request.on('error', reject)
    request.end()
  })
}

async function writeConfig(
  { dir, socket }: TestMachine,
  { pki }: TestApiServer,
  nodeName: string,
  settings: Partial<KubeletSettings>,
  otherRuntimes: Record<string, string> = {},
): Promise<void> {
  const client = await issueCertificate({
    ca: pki.ca,
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
    usage: 'client',
    days: 1,
  })
  const sans = { addresses: ['127.0.0.1'] }
  const serving = await issueCertificate({
    ca: pki.ca,
    commonName: `system:node:${nodeName}`,
    usage: 'server',
    days: 1,
    sans,
  })
  const config: KubeletConfig = { dir, socket, nodeName, ca: pki.ca.cert, settings, otherRuntimes, ...client }
  await Promise.all([
    writeFile(join(dir, 'kubelet.json'), JSON.stringify(config)),
    writeFile(join(dir, 'kubelet.crt'), serving.cert),
    writeFile(join(dir, 'kubelet.key'), serving.key),
    writeFile(join(dir, 'ca.crt'), pki.ca.cert),
  ])
}

/** What the service account controller would make. */
async function createServiceAccount(client: Client): Promise<void> {
  await client.create(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
  })
}

async function startProcess(machine: TestMachine): Promise<ChildProcess> {
  const script = `echo $$ > ${machine.dir}/kubelet.pid; exec ${process.execPath} ${PROCESS} ${machine.dir}/kubelet.json`
  const child = machine.spawn(['sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the kubelet did not become ready')), DEADLINE)
    child.stdout!.once('data', () => resolve())
    child.once('exit', code => reject(new Error(`the kubelet ended with ${code}`)))
    void timer.unref()
  })
  return child
}

function podOf(name: string, nodeName: string, spec: any, metadata: object) {
  const withImage = (containers?: any[]) =>
    containers?.map(container => ({ image: BUSYBOX_IMAGE, imagePullPolicy: 'IfNotPresent', ...container }))
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', ...metadata },
    spec: {
      nodeName,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      ...spec,
      containers: withImage(spec.containers),
      ...(spec.initContainers && { initContainers: withImage(spec.initContainers) }),
    },
  } as never
}

export const isNotThere = (error: unknown): boolean => isNotFound(error)
