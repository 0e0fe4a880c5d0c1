import { isDeepStrictEqual } from 'node:util'
import type { Client } from '../../../api/client/client.ts'
import type { EventRecorder } from '../../../api/client/event-recorder.ts'
import { nodes } from '../../../api/kinds/core.ts'
import type { Node } from '../../../api/kinds/types.ts'
import { isAlreadyExists, isNotFound } from '../../../api/meta/status.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import type { RuntimeCondition, RuntimePlugin } from '../../../plugins/runtime.ts'
import { nodeConditions, nodeImages, nodeInfo, nodeLabels, nodeResources } from './node-object.ts'

export interface NodeReporterOptions {
  client: Client
  runtime: RuntimePlugin
  runtimeName: string
  recorder: EventRecorder
  nodeName: string
  nodeAddress: string
  labels: Record<string, string>
  dataDir: string
  maxPods: number
  kubeletPort: number
  log: Logger
  signal: AbortSignal
}

/** How often the runtime is asked for its state, until it is ready and afterwards; milliseconds. */
const LOOK_STARTING = 100
const LOOK_READY = 2_000
/** How often the status is written though nothing changed. */
const REPORT = 300_000
const RETRY = 500

/** Registers the Node and keeps its status true until the signal aborts. Resolves once the node was ready first. */
export function reportNode(options: NodeReporterOptions): Promise<void> {
  const ready = Promise.withResolvers<void>()
  void keepReporting(options, ready.resolve)
  return ready.promise
}

async function keepReporting(options: NodeReporterOptions, onReady: () => void): Promise<void> {
  const { signal, log } = options
  let last: Node['status'] | undefined
  let lastAt = 0
  while (!signal.aborted) {
    let wait = RETRY
    try {
      last ??= (await register(options)).status
      const status = await currentStatus(options, last)
      const isDue = Date.now() - lastAt > REPORT
      if (isDue || !isSame(status, last)) {
        await writeStatus(options, status)
        announce(options, last, status)
        last = status
        lastAt = Date.now()
      }
      const isReady = readyOf(status) === 'True'
      if (isReady) onReady()
      wait = isReady ? LOOK_READY : LOOK_STARTING
    } catch (error) {
      if (isNotFound(error)) last = undefined
      log.warn({ error: (error as Error).message }, 'node status not written, trying again')
    }
    await pause(wait, signal)
  }
}

const readyOf = (status: Node['status']): string | undefined =>
  status?.conditions?.find(({ type }) => type === 'Ready')?.status

/** The Node as it is, made if need be. Labels of ours that are missing are added. */
async function register(options: NodeReporterOptions): Promise<Node> {
  const { client, nodeName } = options
  const labels = { ...nodeLabels(nodeName), ...options.labels }
  const object = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, labels }, spec: {} }
  try {
    const created = await client.create(nodes, {
      ...object,
      status: await currentStatus(options, undefined),
    } as never)
    options.recorder.event(created, 'Normal', 'Starting', 'Starting kubelet.')
    return created
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  return client.patch(nodes, { name: nodeName }, { type: 'merge', body: { metadata: { labels } } })
}

async function currentStatus(
  options: NodeReporterOptions,
  before: Node['status'],
): Promise<NonNullable<Node['status']>> {
  const { runtime, runtimeName, nodeName, nodeAddress, dataDir, maxPods, kubeletPort } = options
  const conditions = await runtime.status().then(
    status => status.conditions,
    error => error as Error,
  )
  const version = await runtime
    .version()
    .catch(() => ({ runtimeName, runtimeVersion: 'Unknown', runtimeApiVersion: '' }))
  const images = await runtime.listImages().catch(() => [])
  return {
    ...nodeResources(dataDir, maxPods),
    conditions: nodeConditions(
      conditions as RuntimeCondition[] | Error,
      (before?.conditions ?? []) as never,
    ) as never,
    addresses: [
      { type: 'InternalIP', address: nodeAddress },
      { type: 'Hostname', address: nodeName },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
    nodeInfo: nodeInfo(runtimeName, version) as never,
    images: nodeImages(images),
  }
}

/** Heartbeats alone are no change: the Lease tells that the node lives. */
function isSame(a: Node['status'], b: Node['status']): boolean {
  const plain = (status: Node['status']) => ({
    ...status,
    conditions: status?.conditions?.map(({ lastHeartbeatTime: _, ...rest }) => rest),
  })
  return isDeepStrictEqual(plain(a), plain(b))
}

async function writeStatus({ client, nodeName }: NodeReporterOptions, status: Node['status']): Promise<void> {
  await client.patch(
    nodes,
    { name: nodeName },
    { type: 'strategic', body: { status } },
    { subresource: 'status' },
  )
}

function announce(
  { recorder, nodeName }: NodeReporterOptions,
  before: Node['status'],
  after: Node['status'],
): void {
  const ready = readyOf(after)
  if (ready === readyOf(before)) return
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, uid: nodeName } }
  const reason = ready === 'True' ? 'NodeReady' : 'NodeNotReady'
  recorder.event(node, 'Normal', reason, `Node ${nodeName} status is now: ${reason}`)
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
