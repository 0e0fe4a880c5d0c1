import { join } from 'node:path'
import { createEventRecorder } from '../../api/client/event-recorder.ts'
import { createInformerFactory } from '../../api/client/informer.ts'
import { loadKubeconfig } from '../../api/client/kubeconfig.ts'
import { createClient } from '../../api/client/rest-client.ts'
import { startDnsPlugin } from '../../plugins/host/dns.ts'
import { createPluginHost } from '../../plugins/host/host.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { RuntimePlugin } from '../../plugins/runtime.ts'
import { startDns } from '../dns/dns.ts'
import { startKubelet } from '../kubelet/kubelet.ts'
import { startNetwork } from '../network/network.ts'
import { startProxy } from '../proxy/proxy.ts'
import { builtinPlugins } from './builtin-plugins.ts'
import type { NodeConfiguration } from './config.ts'

const DEFAULTS = { clusterCIDR: '10.244.0.0/16', clusterDNS: '10.96.0.10', clusterDomain: 'cluster.local' }
const KUBELET_PORT = 10_250
const STOP_DEADLINE = 5_000

/** Runs all parts of a node until the signal aborts: kubelet, Pod network, service proxy, DNS. */
export async function startAgent(
  given: NodeConfiguration & { baseDir: string },
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const config = { ...DEFAULTS, ...given }
  const { nodeName, nodeAddress, clusterCIDR, clusterDNS, clusterDomain } = config
  const kubeletClient = createClient({
    ...(await loadKubeconfig(config.kubeconfig)),
    userAgent: 'skiff-kubelet',
  })
  const networkClient = createClient({
    ...(await loadKubeconfig(config.networkKubeconfig)),
    userAgent: 'skiff-network',
  })
  const onError = (kind: { plural: string }, error: unknown): void =>
    log.debug({ kind: kind.plural, error: (error as Error).message }, 'informer lost its connection')
  const informers = createInformerFactory(kubeletClient, signal, { onError })
  const networkInformers = createInformerFactory(networkClient, signal, { onError })
  const plugins = createPluginHost({
    builtins: builtinPlugins,
    baseDir: config.baseDir,
    dataDir: join(config.dataDir, 'plugins'),
    node: { name: nodeName, addresses: [nodeAddress] },
    log,
    signal,
  })
  const [runtime, network, proxy, ...dnsPlugins] = await Promise.all([
    plugins.start('runtime', config.runtime),
    plugins.start('network', config.network ?? { name: 'vxlan' }),
    plugins.start('proxy', config.proxy ?? { name: 'nftables' }),
    ...(config.dns?.plugins ?? []).map(reference => startDnsPlugin(plugins, reference)),
  ])
  const volumePlugins = await Promise.all(
    (config.volumes ?? []).map(reference => plugins.start('volume', reference)),
  )
  const otherRuntimes = await startRuntimes(plugins, config.runtimes)
  const runtimes = [runtime, ...Object.values(otherRuntimes).map(other => other.runtime)]
  const part = (name: string): Logger => log.child({ component: name })
  const { fault: networkFault } = startNetwork({
    informers: networkInformers,
    nodeName,
    nodeAddress,
    clusterCIDR,
    plugin: network,
    cni: config.cni,
    listSandboxes: async () => {
      const lists = await Promise.all(runtimes.map(each => each.listPodSandbox()))
      return lists.flat().map(({ id }) => id)
    },
    log: part('network'),
    signal,
  })
  startProxy({
    informers: networkInformers,
    nodeName,
    nodeAddresses: [nodeAddress],
    plugin: proxy,
    clusterCIDR,
    nodeLocalServiceIPs: [clusterDNS],
    recorder: createEventRecorder(networkClient, { component: 'kube-proxy', host: nodeName }),
    log: part('proxy'),
    signal,
  })
  await startDns({
    informers: networkInformers,
    ...(config.dns?.corefile && { corefile: config.dns.corefile }),
    listen: [{ address: clusterDNS, port: 53 }],
    clusterDomain,
    clusterIP: clusterDNS,
    plugins: dnsPlugins,
    log: part('dns'),
    signal,
  })
  const kubelet = await startKubelet({
    client: kubeletClient,
    informers,
    serviceInformers: informers,
    nodeName,
    nodeAddress,
    labels: config.labels ?? {},
    runtime,
    runtimeName: config.runtime.name,
    otherRuntimes,
    dataDir: join(config.dataDir, 'kubelet'),
    clusterDNS: [clusterDNS],
    clusterDomain,
    settings: { ...config.kubelet, ...(config.maxPods && { maxPods: config.maxPods }) },
    server: { address: nodeAddress, port: config.server.port ?? KUBELET_PORT, tls: config.server },
    volumePlugins,
    networkFault,
    log: part('kubelet'),
    signal,
  })
  await new Promise<void>(done => signal.addEventListener('abort', () => done(), { once: true }))
  await Promise.race([kubelet.stop(), new Promise(done => setTimeout(done, STOP_DEADLINE))])
}

/** Starts the runtimes beside the first; a handler is what RuntimeClasses name one by. */
async function startRuntimes(
  plugins: ReturnType<typeof createPluginHost>,
  references: NodeConfiguration['runtimes'] = {},
): Promise<Record<string, { name: string; runtime: RuntimePlugin }>> {
  const started = Object.entries(references).map(async ([handler, reference]) => {
    const runtime = await plugins.start('runtime', reference)
    return [handler, { name: reference.name, runtime }] as const
  })
  return Object.fromEntries(await Promise.all(started))
}
