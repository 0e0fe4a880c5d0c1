import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Informer, InformerFactory } from '../../api/client/client.ts'
import { nodes } from '../../api/kinds/core.ts'
import type { Node } from '../../api/kinds/types.ts'
import { startCniDaemon } from '../../cni/daemon.ts'
import type { NetworkPeer, NetworkPlugin, NetworkSelf } from '../../plugins/network.ts'
import type { Logger } from '../../plugins/plugin.ts'
import { type Conflist, collectAttachments } from './collect.ts'

export interface NetworkOptions {
  informers: InformerFactory
  nodeName: string
  nodeAddress: string
  clusterCIDR: string
  plugin: NetworkPlugin
  /** Left out on a machine that runs no Pods. */
  cni?: { confDir: string; socket?: string }
  /** Sandboxes that are alive: what no sandbox holds is given back. */
  listSandboxes?(): Promise<string[]>
  log: Logger
  signal: AbortSignal
  /** Milliseconds after which the plugin is told its peers again, to mend what somebody else changed. */
  repairEvery?: number
}

export interface Network {
  /** Resolves when Pods can be networked. */
  ready: Promise<void>
  /** What the plugin says keeps Pods from being networked; undefined when nothing does. Never rejects. */
  fault(): Promise<string | undefined>
}

const CONFLIST = '10-skiff.conflist'
const COLLECT = 300_000
const REPAIR = 60_000
const RETRY = 1_000
const STATUS_DEADLINE = 2_000

/** Runs a node's Pod network: waits for its podCIDR, prepares it, follows the other nodes, serves CNI. */
export function startNetwork(options: NetworkOptions): Network {
  const ready = Promise.withResolvers<void>()
  void run(options, ready.resolve).catch(error => {
    options.log.error({ error: error.message }, 'the Pod network does not work')
    ready.reject(error)
  })
  ready.promise.catch(() => {})
  return { ready: ready.promise, fault: () => askStatus(options.plugin) }
}

async function askStatus(plugin: NetworkPlugin): Promise<string | undefined> {
  if (!plugin.status) return undefined
  const deadline = Promise.withResolvers<string>()
  const timer = setTimeout(() => deadline.resolve('the network plugin gives no answer'), STATUS_DEADLINE)
  const asked = plugin.status().catch(error => `the network plugin failed: ${error.message}`)
  return Promise.race([asked, deadline.promise]).finally(() => clearTimeout(timer))
}

async function run(options: NetworkOptions, onReady: () => void): Promise<void> {
  const { informers, cni, signal } = options
  const informer = informers.informer(nodes)
  const changed = createTrigger(options.repairEvery ?? REPAIR)
  signal.addEventListener('abort', changed.fire, { once: true })
  informer.addHandler({ added: changed.fire, updated: changed.fire, deleted: changed.fire })
  if (cni) {
    const daemon = await startCniDaemon(cni.socket)
    signal.addEventListener('abort', () => daemon.close(), { once: true })
  }
  let stopCollecting = (): void => {}
  while (!signal.aborted) {
    try {
      await follow(options, informer, changed, self => {
        stopCollecting()
        stopCollecting = startCollecting(options, self)
        onReady()
      })
    } catch (error) {
      options.log.warn({ error: (error as Error).message }, 'the Pod network is not programmed, trying again')
      await new Promise(resolve => setTimeout(resolve, RETRY))
    }
  }
  stopCollecting()
}

/** Prepares the plugin and tells it the peers until something fails: then all begins again, with a plugin that may be new. */
async function follow(
  options: NetworkOptions,
  informer: Informer<Node>,
  changed: Trigger,
  onReady: (self: NetworkSelf) => void,
): Promise<void> {
  const { nodeName, plugin, cni, signal } = options
  const self = await knowSelf(options, informer, changed)
  if (!self) return
  await plugin.prepare(self)
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    await plugin.setPeers(peersOf(informer.list(), nodeName))
    if (isFirst) {
      if (cni) await writeConflist(cni.confDir, await plugin.conflist(self))
      onReady(self)
    }
    await changed.wait()
  }
}

interface Trigger {
  fire(): void
  wait(): Promise<void>
}

/** One waiting at a time, and for a limited time; changes in between count as one. */
function createTrigger(longest: number): Trigger {
  let isFired = false
  let wake = (): void => {}
  return {
    fire() {
      isFired = true
      wake()
    },
    async wait() {
      if (!isFired) {
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, longest)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      isFired = false
    },
  }
}

/**
 * This machine's own part of the network; a node that runs Pods waits for its podCIDR. Nothing is done before all nodes
 * are known: routes to those that are missing would be taken away. Undefined when the signal aborts.
 */
async function knowSelf(
  { nodeName, nodeAddress, clusterCIDR, cni, signal }: NetworkOptions,
  informer: Informer<Node>,
  changed: Trigger,
): Promise<NetworkSelf | undefined> {
  void informer.synced().then(changed.fire)
  while (!signal.aborted) {
    const podCIDR = informer.get(nodeName)?.spec.podCIDR
    const self = { name: nodeName, address: nodeAddress, clusterCIDR, podCIDR: cni && podCIDR }
    if (informer.hasSynced && (podCIDR || !cni)) return self
    await changed.wait()
  }
  return undefined
}

function peersOf(all: Node[], self: string): NetworkPeer[] {
  return all.flatMap(({ metadata, spec, status }) => {
    const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
    if (metadata.name === self || !address || !spec.podCIDR) return []
    return [{ name: metadata.name, address, podCIDR: spec.podCIDR, annotations: metadata.annotations ?? {} }]
  })
}

/** The runtime sees the file whole or not at all. */
async function writeConflist(confDir: string, conflist: object | undefined): Promise<void> {
  if (!conflist) return
  await mkdir(confDir, { recursive: true })
  const path = join(confDir, CONFLIST)
  await writeFile(`${path}.new`, `${JSON.stringify(conflist, null, 2)}\n`)
  await rename(`${path}.new`, path)
}

/** Looks at once and every few minutes for attachments nobody holds. Returns what ends it. */
function startCollecting({ plugin, listSandboxes, log }: NetworkOptions, self: NetworkSelf): () => void {
  if (!listSandboxes) return () => {}
  const collect = async (): Promise<void> => {
    const conflist = (await plugin.conflist(self)) as Conflist | undefined
    if (conflist) await collectAttachments(conflist, listSandboxes)
  }
  const attempt = (): void =>
    void collect().catch(error => log.warn({ error: error.message }, 'stale attachments were not collected'))
  attempt()
  const timer = setInterval(attempt, COLLECT)
  return () => clearInterval(timer)
}
