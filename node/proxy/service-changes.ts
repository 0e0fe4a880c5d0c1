import { isIP } from 'node:net'
import type { Service, ServicePort } from '../../api/kinds/types.ts'
import type { AddressFamily, ServicePortModel } from '../../plugins/proxy.ts'

/** Labels by which a Service asks other proxies than the node's own to serve it. */
const SERVED_BY_OTHERS = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless']
const DEFAULT_AFFINITY_SECONDS = 10_800

/** A {@link ServicePortModel} before its endpoints are known. */
export type ServicePortFacts = Omit<ServicePortModel, 'clusterEndpoints' | 'localEndpoints' | 'hasEndpoints'>

/** What a Service asks of a node: one entry per port and address family; none for what no proxy serves. */
export function servicePorts(service: Service): ServicePortFacts[] {
  if (!isProxied(service)) return []
  return clusterIPs(service).flatMap(clusterIP => {
    const family = familyOf(clusterIP)
    const shared = sharedFacts(service, clusterIP, family)
    return (service.spec.ports ?? []).map(port => ({ ...shared, ...portFacts(service, port, family) }))
  })
}

/** Addresses of the Service that its endpoints answer behind; empty for headless and ExternalName Services. */
export function clusterIPs({ spec }: Service): string[] {
  const all = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? '']
  return all.filter(address => isIP(address) !== 0)
}

export const familyOf = (address: string): AddressFamily => (isIP(address) === 6 ? 'IPv6' : 'IPv4')

function isProxied({ metadata, spec }: Service): boolean {
  if (spec.type === 'ExternalName') return false
  return !SERVED_BY_OTHERS.some(label => metadata.labels?.[label] !== undefined)
}

type PortFacts = Pick<ServicePortFacts, 'id' | 'portName' | 'protocol' | 'port' | 'nodePort'>

function portFacts({ metadata, spec }: Service, port: ServicePort, family: AddressFamily): PortFacts {
  const portName = port.name ?? ''
  const isOnNodes = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
  return {
    id: `${metadata.namespace}/${metadata.name}:${portName}/${family}`,
    portName,
    protocol: (port.protocol ?? 'TCP') as PortFacts['protocol'],
    port: port.port,
    ...(isOnNodes && port.nodePort && { nodePort: port.nodePort }),
  }
}

function sharedFacts(
  service: Service,
  clusterIP: string,
  family: AddressFamily,
): Omit<ServicePortFacts, keyof PortFacts> {
  const { metadata, spec } = service
  const ofFamily = (address: string): boolean => isIP(address) !== 0 && familyOf(address) === family
  const facts = {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    family,
    clusterIP,
    externalIPs: (spec.externalIPs ?? []).filter(ofFamily),
    loadBalancerIPs: loadBalancerIPs(service).filter(ofFamily),
    loadBalancerSourceRanges: sourceRanges(service).filter(range => ofFamily(range.split('/')[0]!)),
    internalLocal: spec.internalTrafficPolicy === 'Local',
  }
  return {
    ...facts,
    ...affinity(service),
    externalLocal: spec.externalTrafficPolicy === 'Local' && isExternal(service, facts),
  }
}

function isExternal({ spec }: Service, facts: { externalIPs: string[]; loadBalancerIPs: string[] }): boolean {
  return spec.type === 'NodePort' || spec.type === 'LoadBalancer' || facts.externalIPs.length > 0
}

function affinity({ spec }: Service): { affinityTimeout?: number } {
  if (spec.sessionAffinity !== 'ClientIP') return {}
  return { affinityTimeout: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS }
}

/** With `ipMode: Proxy` the load balancer wants the traffic itself, so the node must not catch it. */
function loadBalancerIPs({ spec, status }: Service): string[] {
  if (spec.type !== 'LoadBalancer') return []
  const ingress = (status?.loadBalancer?.ingress ?? []) as { ip?: string; ipMode?: string }[]
  return ingress.filter(({ ipMode }) => ipMode !== 'Proxy').map(({ ip }) => ip ?? '')
}

/** The API allows blanks around a range. */
function sourceRanges({ spec }: Service): string[] {
  if (spec.type !== 'LoadBalancer') return []
  return [...new Set((spec.loadBalancerSourceRanges ?? []).map(range => range.trim()))].sort()
}
