import type { Registry } from 'prom-client'
import type { InformerFactory, InformerHandler } from '../../api/client/client.ts'
import type { EventRecorder } from '../../api/client/event-recorder.ts'
import { nodes, services } from '../../api/kinds/core.ts'
import { endpointSlices } from '../../api/kinds/discovery.ts'
import type { EndpointSlice, Node, Service } from '../../api/kinds/types.ts'
import { objectKey } from '../../api/meta/object.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { ServiceProxy } from '../../plugins/proxy.ts'
import { ApplyLoop } from './apply-loop.ts'
import { indexSlicesByService, serviceOfSlice } from './endpoint-changes.ts'
import { createHealthChecks, type HealthChecks, healthCheckPort } from './health-check.ts'
import { createProxyMetrics } from './metrics.ts'
import { type ServiceModels, serviceModels } from './model.ts'
import { clusterIPs } from './service-changes.ts'
import type { NodePlace } from './topology.ts'

export interface ProxyOptions {
  informers: InformerFactory
  nodeName: string
  /** Addresses of the node: NodePorts and health checks are answered there. */
  nodeAddresses: string[]
  plugin: ServiceProxy
  /** CIDRs of Pods, comma-separated for two families. Traffic to ClusterIPs from elsewhere is masqueraded. */
  clusterCIDR?: string
  /** ClusterIPs that a process of the node answers itself (cluster DNS): no rules are made for them. */
  nodeLocalServiceIPs?: string[]
  recorder?: EventRecorder
  log: Logger
  signal: AbortSignal
}

/** A running service proxy. */
export interface RunningProxy {
  /** Resolves when the rules for all Services that were there at the start hold. */
  ready: Promise<void>
  metrics: Registry
  /** Stops following the API. Rules stay, so that traffic goes on; {@link ServiceProxy.cleanup} removes them. */
  stop(): Promise<void>
}

const ZONE_LABEL = 'topology.kubernetes.io/zone'

/** Follows Services, EndpointSlices and the own Node, and keeps the plugin's rules equal to them. */
export function startProxy(options: ProxyOptions): RunningProxy {
  const { informers, signal, plugin } = options
  const metrics = createProxyMetrics()
  const serviceInformer = informers.informer(services)
  const sliceInformer = informers.informer(endpointSlices)
  const nodeInformer = informers.informer(nodes)
  const slicesOf = indexSlicesByService(sliceInformer)
  const place: NodePlace = { name: options.nodeName }
  const healthChecks = createNodeHealthChecks(options, key => serviceInformer.get(key))

  const modelsOf = (key: string): ServiceModels => {
    const service = serviceInformer.get(key)
    const isServed = service && !isAnsweredByNode(service, options.nodeLocalServiceIPs)
    const models: ServiceModels = isServed ? serviceModels(service, slicesOf(key), place) : new Map()
    updateHealthCheck(healthChecks, key, service, models)
    return models
  }
  const loop = new ApplyLoop({
    plugin,
    node: {
      name: options.nodeName,
      addresses: options.nodeAddresses,
      clusterCIDRs: options.clusterCIDR?.split(',').map(cidr => cidr.trim()) ?? [],
    },
    services: () => serviceInformer.list().map(objectKey),
    modelsOf,
    applied: ({ set, removed, since }) => metrics.synced((performance.now() - since) / 1000, set + removed),
    failed: metrics.failed,
    log: options.log,
    signal,
  })
  const removeHandlers = [
    serviceInformer.addHandler(touchService(loop)),
    sliceInformer.addHandler(touchServiceOfSlice(loop)),
    nodeInformer.addHandler(followZone(place, () => serviceInformer.list(), loop)),
  ]
  const stop = async (): Promise<void> => {
    for (const remove of removeHandlers.splice(0)) remove()
    healthChecks.stop()
    await loop.stop()
  }
  signal.addEventListener('abort', () => void stop(), { once: true })
  const synced = Promise.all([serviceInformer.synced(), sliceInformer.synced(), nodeInformer.synced()])
  const ready = synced.then(() => loop.start())
  ready.catch(() => {})
  return { ready, metrics: metrics.registry, stop }
}

function isAnsweredByNode(service: Service, addresses: string[] = []): boolean {
  return clusterIPs(service).some(address => addresses.includes(address))
}

function touchService(loop: ApplyLoop): InformerHandler<Service> {
  const touch = (service: Service): void => loop.touch(objectKey(service))
  return { added: touch, updated: touch, deleted: touch }
}

/** A slice's label may change: both the old and the new Service are looked at then. */
function touchServiceOfSlice(loop: ApplyLoop): InformerHandler<EndpointSlice> {
  const touch = (slice: EndpointSlice): void => {
    const service = serviceOfSlice(slice)
    if (service) loop.touch(service)
  }
  return {
    added: touch,
    updated: (slice, old) => {
      touch(slice)
      if (serviceOfSlice(old) !== serviceOfSlice(slice)) touch(old)
    },
    deleted: touch,
  }
}

function followZone(place: NodePlace, list: () => Service[], loop: ApplyLoop): InformerHandler<Node> {
  const follow = (node: Node): void => {
    const zone = node.metadata.labels?.[ZONE_LABEL]
    if (node.metadata.name !== place.name || zone === place.zone) return
    if (zone) place.zone = zone
    else delete place.zone
    for (const service of list()) loop.touch(objectKey(service))
  }
  return { added: follow, updated: follow }
}

function createNodeHealthChecks(
  { nodeAddresses, log, recorder }: ProxyOptions,
  get: (key: string) => Service | undefined,
): HealthChecks {
  return createHealthChecks({
    addresses: nodeAddresses,
    log,
    failed({ namespace, name, port }, error) {
      const service = get(`${namespace}/${name}`)
      const message = `node could not listen on health check port ${port}: ${error.message}`
      log.warn({ service: `${namespace}/${name}` }, message)
      if (service) recorder?.event(service, 'Warning', 'FailedToStartServiceHealthcheck', message)
    },
  })
}

function updateHealthCheck(
  checks: HealthChecks,
  key: string,
  service: Service | undefined,
  models: ServiceModels,
): void {
  const port = service && healthCheckPort(service)
  if (!service || !port) {
    checks.set(key, undefined)
    return
  }
  const locals = [...models.values()].flatMap(({ localEndpoints }) => localEndpoints)
  const { namespace = '', name } = service.metadata
  const localEndpoints = new Set(locals.map(({ address }) => address)).size
  checks.set(key, { namespace, name, port, localEndpoints })
}
