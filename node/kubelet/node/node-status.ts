import type { Node } from '../../../api/kinds/types.ts'
import type { RuntimeCondition, RuntimePlugin, RuntimeVersion } from '../../../plugins/runtime.ts'
import { withExtended } from './extended-resources.ts'
import { nodeInfo, nodeResources } from './machine.ts'
import { nodeConditions, nodeImages } from './node-object.ts'
import type { Pressure } from './pressure.ts'

export type NodeStatus = NonNullable<Node['status']>

/** What the status of a node is read from. */
export interface NodeFacts {
  runtime: RuntimePlugin
  runtimeName: string
  nodeName: string
  nodeAddress: string
  dataDir: string
  maxPods: number
  pressure(): Pressure
  /** What keeps Pods from being networked, as the network's provider says; the runtime does not know. */
  networkFault?(): Promise<string | undefined>
  /** Handlers of RuntimeClasses that have a runtime of their own. */
  handlers: readonly string[]
  kubeletPort: number
  /** The Node as the server has it; undefined while it is not known. */
  known(): Node | undefined
}

/** Reads the node's state anew each time it is asked; what seldom changes only now and then. */
export interface StatusSource {
  read(before: NodeStatus | undefined): Promise<NodeStatus>
}

/** How often images are listed though nothing is known to have changed (milliseconds). */
const LIST_IMAGES = 60_000

export function createStatusSource(facts: NodeFacts): StatusSource {
  const { runtime, runtimeName, nodeName, nodeAddress, dataDir, maxPods, kubeletPort } = facts
  const unknown: RuntimeVersion = { runtimeName, runtimeVersion: 'Unknown', runtimeApiVersion: '' }
  let version: RuntimeVersion | undefined
  let images: NodeStatus['images']
  let listedAt = 0
  return {
    async read(before) {
      const conditions: RuntimeCondition[] | Error = await runtime.status().then(
        status => status.conditions,
        error => error as Error,
      )
      const networkFault = await facts.networkFault?.()
      if (conditions instanceof Error) version = undefined
      else version ??= await runtime.version().catch(() => undefined)
      if (Date.now() - listedAt > LIST_IMAGES && !(conditions instanceof Error)) {
        images = nodeImages(await runtime.listImages().catch(() => []))
        listedAt = Date.now()
      }
      return {
        ...withExtended(nodeResources(dataDir, maxPods), facts.known()),
        conditions: nodeConditions(
          networkFault === undefined ? conditions : withNetworkFault(conditions, networkFault),
          facts.pressure(),
          (before?.conditions ?? []) as never,
        ) as never,
        addresses: [
          { type: 'InternalIP', address: nodeAddress },
          { type: 'Hostname', address: nodeName },
        ],
        daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
        nodeInfo: nodeInfo(runtimeName, version ?? unknown) as never,
        images: images ?? [],
        ...(facts.handlers.length > 0 && {
          runtimeHandlers: ['', ...facts.handlers].map(name => ({ name })),
        }),
      }
    },
  }
}

function withNetworkFault(
  conditions: RuntimeCondition[] | Error,
  message: string,
): RuntimeCondition[] | Error {
  if (conditions instanceof Error) return conditions
  const others = conditions.filter(({ type }) => type !== 'NetworkReady')
  return [...others, { type: 'NetworkReady', status: false, reason: 'NetworkPluginNotReady', message }]
}
