import { isDeepStrictEqual } from 'node:util'
import type { Client } from '../../../api/client/client.ts'
import type { EventRecorder } from '../../../api/client/event-recorder.ts'
import { nodes } from '../../../api/kinds/core.ts'
import type { Node } from '../../../api/kinds/types.ts'
import { isAlreadyExists, isNotFound } from '../../../api/meta/status.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import { nodeLabels, nodeReference } from './node-object.ts'
import { createStatusSource, type NodeFacts, type NodeStatus } from './node-status.ts'

export interface Taint {
  key: string
  value?: string
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
}

export interface NodeReporterOptions extends NodeFacts {
  client: Client
  recorder: EventRecorder
  labels: Record<string, string>
  taints?: Taint[]
  log: Logger
  signal: AbortSignal
}

/** How often the runtime is asked for its state, until it is ready and afterwards; milliseconds. */
const LOOK_STARTING = 100
const LOOK_READY = 5_000
/** How often the status is written though nothing changed. */
const REPORT = 300_000
const RETRY = 500

/** Registers the Node and keeps its status true until the signal aborts. Resolves once the node was ready first. */
export function reportNode(options: NodeReporterOptions): Promise<void> {
  const ready = Promise.withResolvers<void>()
  options.recorder.event(nodeReference(options.nodeName), 'Normal', 'Starting', 'Starting kubelet.')
  void keepReporting(options, ready.resolve)
  return ready.promise
}

async function keepReporting(options: NodeReporterOptions, onReady: () => void): Promise<void> {
  const { signal, log } = options
  const source = createStatusSource(options)
  /** What the server has; undefined when the Node must be registered. */
  let last: NodeStatus | undefined
  /** What events were last written about; undefined at the start. */
  let announced: NodeStatus | undefined
  let lastAt = 0
  while (!signal.aborted) {
    let wait = RETRY
    try {
      last ??= (await register(options)).status ?? {}
      const status = await source.read(last)
      if (Date.now() - lastAt > REPORT || !isSame(status, last)) {
        await writeStatus(options, status)
        last = status
        lastAt = Date.now()
      }
      announce(options, announced, status)
      announced = status
      const isReady = statusOf(status, 'Ready') === 'True'
      if (isReady) onReady()
      wait = isReady ? LOOK_READY : LOOK_STARTING
    } catch (error) {
      if (isNotFound(error)) last = undefined
      log.warn({ error: (error as Error).message }, 'node status not written, trying again')
    }
    await pause(wait, signal)
  }
}

const statusOf = (status: NodeStatus | undefined, condition: string): string | undefined =>
  status?.conditions?.find(({ type }) => type === condition)?.status

/** The Node as it is, made if need be. Labels of ours that are missing are added. */
async function register({ client, nodeName, labels, taints }: NodeReporterOptions): Promise<Node> {
  const metadata = { name: nodeName, labels: { ...nodeLabels(nodeName), ...labels } }
  const spec = { ...(taints?.length && { taints }) }
  try {
    return await client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata, spec } as never)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  const body = { metadata: { labels: metadata.labels } }
  return client.patch(nodes, { name: nodeName }, { type: 'merge', body })
}

/** Heartbeats alone are no change: the Lease tells that the node lives. */
function isSame(a: NodeStatus, b: NodeStatus): boolean {
  const own = ({ conditions = [], ...status }: NodeStatus) => ({
    ...status,
    conditions: conditions.map(({ lastHeartbeatTime: _, ...condition }) => condition),
  })
  const [mine, theirs] = [own(a), own(b)]
  return Object.entries(mine).every(([field, value]) =>
    isDeepStrictEqual(value, theirs[field as keyof typeof theirs]),
  )
}

/** Conditions and addresses are merged, so that those others wrote stay; addresses of ours that changed are replaced. */
async function writeStatus({ client, nodeName }: NodeReporterOptions, status: NodeStatus): Promise<void> {
  const body = { status: { ...status, addresses: [...(status.addresses ?? []), { $patch: 'replace' }] } }
  await client.patch(nodes, { name: nodeName }, { type: 'strategic', body }, { subresource: 'status' })
}

/** Events of each condition, by what it turned to. */
const EVENTS: Record<string, Record<string, string>> = {
  MemoryPressure: { True: 'NodeHasInsufficientMemory', False: 'NodeHasSufficientMemory' },
  DiskPressure: { True: 'NodeHasDiskPressure', False: 'NodeHasNoDiskPressure' },
  PIDPressure: { True: 'NodeHasInsufficientPID', False: 'NodeHasSufficientPID' },
  Ready: { True: 'NodeReady', False: 'NodeNotReady' },
}

function announce(
  { recorder, nodeName }: NodeReporterOptions,
  before: NodeStatus | undefined,
  after: NodeStatus,
): void {
  for (const [type, reasons] of Object.entries(EVENTS)) {
    const status = statusOf(after, type) ?? ''
    const reason = reasons[status]
    if (!reason || statusOf(before, type) === status) continue
    if (reason === 'NodeNotReady' && !before) continue
    recorder.event(nodeReference(nodeName), 'Normal', reason, `Node ${nodeName} status is now: ${reason}`)
  }
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
