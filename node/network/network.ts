import { mkdir, rename, writeFile } from 'node:fs/promises'
import type { Server } from 'node:net'
import { join } from 'node:path'
import type { InformerFactory } from '../../api/client/client.ts'
import { nodes } from '../../api/kinds/core.ts'
import type { Node } from '../../api/kinds/types.ts'
import { recentlyAdded, startCniDaemon } from '../../cni/daemon.ts'
import { cniPlugins } from '../../cni/plugins/table.ts'
import { runPlugin } from '../../cni/skel.ts'
import type { NetworkPeer, NetworkPlugin, NetworkSelf } from '../../plugins/network.ts'
import type { Logger } from '../../plugins/plugin.ts'

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
}

export interface Network {
  /** Resolves when Pods can be networked. */
  ready: Promise<void>
}

const CONFLIST = '10-skiff.conflist'
const COLLECT = 300_000
const RETRY = 1_000

/** Runs a node's Pod network: waits for its podCIDR, prepares it, follows the other nodes, serves CNI. */
export function startNetwork(options: NetworkOptions): Network {
  const ready = Promise.withResolvers<void>()
  void run(options, ready.resolve).catch(error => {
    options.log.error({ error: error.message }, 'the Pod network does not work')
    ready.reject(error)
  })
  ready.promise.catch(() => {})
  return { ready: ready.promise }
}

async function run(options: NetworkOptions, onReady: () => void): Promise<void> {
  const { informers, nodeName, plugin, cni, log, signal } = options
  const informer = informers.informer(nodes)
  const daemon = cni && (await startCniDaemon(cni.socket))
  const self = await knowSelf(options)
  if (signal.aborted) return
  await plugin.prepare(self, log)
  const changed = createTrigger()
  informer.addHandler({ added: changed.fire, updated: changed.fire, deleted: changed.fire })
  signal.addEventListener('abort', () => stop(daemon, changed), { once: true })
  if (cni) {
    await collect(options)
    await writeConflist(cni.confDir, plugin, self)
    const timer = setInterval(() => void collect(options).catch(() => {}), COLLECT)
    signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  }
  let isReady = false
  while (!signal.aborted) {
    try {
      await plugin.setPeers(peersOf(informer.list(), nodeName))
      if (!isReady) onReady()
      isReady = true
      await changed.wait()
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'peers not programmed, trying again')
      await new Promise(resolve => setTimeout(resolve, RETRY))
    }
  }
}

function stop(daemon: Server | undefined, changed: { fire(): void }): void {
  daemon?.close()
  changed.fire()
}

/** One waiting at a time; changes in between count as one. */
function createTrigger(): { fire(): void; wait(): Promise<void> } {
  let isFired = false
  let wake = (): void => {}
  return {
    fire() {
      isFired = true
      wake()
    },
    async wait() {
      if (!isFired)
        await new Promise<void>(resolve => {
          wake = resolve
        })
      isFired = false
    },
  }
}

/** This machine's own part of the network; a node that runs Pods waits for its podCIDR. */
async function knowSelf({
  informers,
  nodeName,
  nodeAddress,
  clusterCIDR,
  cni,
  signal,
}: NetworkOptions): Promise<NetworkSelf> {
  const self = { name: nodeName, address: nodeAddress, clusterCIDR }
  if (!cni) return { ...self, podCIDR: undefined }
  const informer = informers.informer(nodes)
  const podCIDR = await new Promise<string>(resolve => {
    const look = ({ metadata, spec }: Node): void => {
      if (metadata.name === nodeName && spec.podCIDR) resolve(spec.podCIDR)
    }
    const off = informer.addHandler({ added: look, updated: look })
    signal.addEventListener('abort', () => resolve(''), { once: true })
    void off
  })
  return { ...self, podCIDR }
}

function peersOf(all: Node[], self: string): NetworkPeer[] {
  return all.flatMap(({ metadata, spec, status }) => {
    const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
    if (metadata.name === self || !address || !spec.podCIDR) return []
    return [{ name: metadata.name, address, podCIDR: spec.podCIDR, annotations: metadata.annotations ?? {} }]
  })
}

/** The runtime sees the file whole or not at all. */
async function writeConflist(confDir: string, plugin: NetworkPlugin, self: NetworkSelf): Promise<void> {
  const conflist = plugin.conflist(self)
  if (!conflist) return
  await mkdir(confDir, { recursive: true })
  const path = join(confDir, CONFLIST)
  await writeFile(`${path}.new`, `${JSON.stringify(conflist, null, 2)}\n`)
  await rename(`${path}.new`, path)
}

/** CNI GC for runtimes that do not call it: what no living sandbox holds is given back. */
async function collect({
  plugin,
  listSandboxes,
  nodeName,
  nodeAddress,
  clusterCIDR,
}: NetworkOptions): Promise<void> {
  if (!listSandboxes) return
  const listed = await listSandboxes()
  const ids = [...new Set([...listed, ...recentlyAdded()])]
  const conflist = plugin.conflist({
    name: nodeName,
    address: nodeAddress,
    clusterCIDR,
    podCIDR: '0.0.0.0/0',
  }) as any
  const config = {
    ...conflist.plugins[0],
    cniVersion: '1.1.0',
    name: conflist.name,
    'cni.dev/valid-attachments': ids.map(containerID => ({ containerID, ifname: 'eth0' })),
  }
  const bridge = cniPlugins[config.type]
  if (bridge)
    await runPlugin(bridge, { env: { CNI_COMMAND: 'GC', CNI_PATH: '/' }, stdin: JSON.stringify(config) })
}
