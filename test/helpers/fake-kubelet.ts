import type { Client, InformerFactory } from '../../api/client/client.ts'
import { ConnectionError } from '../../api/client/errors.ts'
import { leases } from '../../api/kinds/coordination.ts'
import { nodes, pods } from '../../api/kinds/core.ts'
import type { Node, Pod } from '../../api/kinds/types.ts'
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts'
import { now, nowMicro } from '../../api/meta/time.ts'

/** What a fake kubelet says of a Pod; `undefined` leaves the Pod as it is (it will not start). */
export type Outcome = 'ready' | 'not-ready' | 'succeeded' | 'failed' | undefined

export interface FakeKubeletOptions {
  allocatable?: Record<string, string>
  labels?: Record<string, string>
  /** How a Pod turns out; ready where left out. */
  outcome?(pod: Pod): Outcome
  /** False for a node that takes no notice of Pods that are to be deleted. */
  deletes?: boolean
}

/** Plays a node: its Pods run at once and end at once, and nothing is behind them. */
export interface FakeKubelet {
  nodeName: string
  /** Tells the state of the node's Pods again, after what `outcome` answers has changed. */
  report(): Promise<void>
  /** Renews the node's lease. */
  renew(): Promise<void>
}

let lastAddress = 0

export async function startFakeKubelet(
  client: Client,
  informers: InformerFactory,
  nodeName: string,
  options: FakeKubeletOptions = {},
): Promise<FakeKubelet> {
  const { outcome = () => 'ready', deletes = true } = options
  await client.create(nodes, nodeObject(nodeName, options)).catch(error => {
    if (!isAlreadyExists(error)) throw error
  })
  const cache = informers.informer(pods)
  const addresses = new Map<string, string>()
  const handle = async (pod: Pod): Promise<void> => {
    if (pod.spec.nodeName !== nodeName) return
    if (pod.metadata.deletionTimestamp) {
      if (deletes) await client.delete(pods, pod.metadata, { gracePeriodSeconds: 0 }).catch(ignoreGone)
      return
    }
    const state = outcome(pod)
    const uid = pod.metadata.uid!
    if (!addresses.has(uid)) addresses.set(uid, `10.244.${(lastAddress >> 8) & 255}.${++lastAddress & 255}`)
    if (!state || isReported(pod, state)) return
    const body = { metadata: { uid }, status: statusOf(pod, state, addresses.get(uid)!) }
    await client
      .patch(pods, pod.metadata, { type: 'merge', body }, { subresource: 'status' })
      .catch(ignoreGone)
  }
  cache.addHandler({ added: handle, updated: handle })
  const kubelet: FakeKubelet = {
    nodeName,
    report: async () => void (await Promise.all(cache.list().map(handle))),
    renew: () => renew(client, nodeName),
  }
  await kubelet.renew()
  return kubelet
}

const READY: Record<string, string> = {
  ready: 'True',
  'not-ready': 'False',
  succeeded: 'False',
  failed: 'False',
}
const PHASES: Record<string, string> = {
  ready: 'Running',
  'not-ready': 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
}

function isReported({ status }: Pod, state: NonNullable<Outcome>): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status
  return status?.phase === PHASES[state] && ready === READY[state]
}

function statusOf(pod: Pod, state: NonNullable<Outcome>, podIP: string): object {
  const time = now()
  const ready = READY[state]!
  const isOver = state === 'succeeded' || state === 'failed'
  const exitCode = state === 'failed' ? 1 : 0
  const scheduled = (pod.status?.conditions ?? []).filter(({ type }) => type === 'PodScheduled')
  return {
    phase: PHASES[state],
    hostIP: '192.0.2.1',
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: pod.status?.startTime ?? time,
    conditions: [
      ...scheduled,
      ...['Initialized', 'ContainersReady', 'Ready'].map(type => ({
        type,
        status: type === 'Initialized' ? 'True' : ready,
        lastTransitionTime: time,
      })),
    ],
    containerStatuses: pod.spec.containers.map(({ name, image }) => ({
      name,
      image,
      imageID: '',
      ready: ready === 'True',
      started: !isOver,
      restartCount: 0,
      state: isOver
        ? {
            terminated: {
              exitCode,
              reason: exitCode ? 'Error' : 'Completed',
              startedAt: time,
              finishedAt: time,
            },
          }
        : { running: { startedAt: time } },
    })),
  }
}

function nodeObject(name: string, { allocatable, labels }: FakeKubeletOptions): Node {
  const resources = allocatable ?? { cpu: '4', memory: '8Gi', pods: '110' }
  const time = now()
  const ready = { type: 'Ready', status: 'True', lastHeartbeatTime: time, lastTransitionTime: time }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: {},
    status: { capacity: resources, allocatable: resources, conditions: [ready] },
  } as never
}

async function renew(client: Client, name: string): Promise<void> {
  const metadata = { name, namespace: 'kube-node-lease' }
  const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: nowMicro() }
  const object = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }
  await client.create(leases, object as never).catch(async error => {
    if (!isAlreadyExists(error)) throw error
    await client.patch(leases, metadata, { type: 'merge', body: { spec } })
  })
}

/** The Pod is gone, or the API server: tests stop that one while kubelets still report. */
function ignoreGone(error: unknown): void {
  if (!isNotFound(error) && !(error instanceof ConnectionError)) throw error
}
