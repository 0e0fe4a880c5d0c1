import { isDeepStrictEqual } from 'node:util'
import type { Service } from '../../../api/kinds/types.ts'
import type { Strategy } from '../strategy.ts'
import { isExternal, needsHealthCheck, validateService, validateServiceUpdate } from './validate.ts'

const AFFINITY_TIMEOUT = 10_800

export const serviceStrategy: Strategy<Service> = {
  nameRule: 'label1035',
  hasGeneration: false,
  defaults: ({ spec }) => defaultService(spec),
  prepareForCreate(service) {
    service.status = { loadBalancer: {} }
    fillFamilies(service.spec)
  },
  keepStatusOnCreate: true,
  prepareForUpdate(service, old) {
    keepAllocated(service, old)
    fillFamilies(service.spec)
  },
  validate(service, old, { subresource }) {
    if (subresource === 'status') return []
    return old ? validateServiceUpdate(service, old) : validateService(service)
  },
}

function defaultService(spec: Service['spec']): void {
  spec.type ??= 'ClusterIP'
  spec.sessionAffinity ??= 'None'
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'ClientIP')
    spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: AFFINITY_TIMEOUT } }
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP'
    port.targetPort ||= port.port
  }
  if (isExternal(spec)) spec.externalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'ExternalName') return
  spec.internalTrafficPolicy ??= 'Cluster'
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
  if (!spec.clusterIP && spec.clusterIPs?.length) spec.clusterIP = spec.clusterIPs[0]!
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
}

/** Given with the address, by the server: nobody owns them who did not ask for them. */
function fillFamilies(spec: Service['spec']): void {
  if (spec.type === 'ExternalName') return
  spec.ipFamilies ??= ['IPv4']
  spec.ipFamilyPolicy ??= 'SingleStack'
}

/** A client that leaves out what was allocated keeps it; what the new type has no use for goes. */
function keepAllocated(service: Service, old: Service): void {
  const { spec } = service
  dropUseless(spec, old.spec)
  if (spec.type === 'ExternalName') return
  keepAddress(spec, old.spec)
  if (getsNodePorts(old.spec) && getsNodePorts(spec)) keepNodePorts(spec, old.spec)
  if (needsHealthCheck(old.spec) && needsHealthCheck(spec)) {
    spec.healthCheckNodePort ||= old.spec.healthCheckNodePort
  }
}

const getsNodePorts = (spec: Service['spec']): boolean =>
  hasNodePorts(spec) && spec.allocateLoadBalancerNodePorts !== false

/** By the names of ports, as other properties may be what was changed. */
function keepNodePorts(spec: Service['spec'], old: Service['spec']): void {
  const before = new Map((old.ports ?? []).map(({ name = '', nodePort }) => [name, nodePort]))
  const used = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort))
  for (const port of spec.ports ?? []) {
    const kept = before.get(port.name ?? '')
    if (!port.nodePort && kept && !used.has(kept)) port.nodePort = kept
  }
}

/** `clusterIP` is the first of `clusterIPs`: who changes one of them means both. */
function keepAddress(spec: Service['spec'], old: Service['spec']): void {
  if (old.type === 'ExternalName') return
  const isLeftOut = !spec.clusterIP
  if (isLeftOut && old.clusterIP) {
    spec.clusterIP = old.clusterIP
    spec.clusterIPs = [...(old.clusterIPs ?? [old.clusterIP])]
  } else if (spec.clusterIP !== old.clusterIP && isDeepStrictEqual(spec.clusterIPs, old.clusterIPs)) {
    if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP, ...(spec.clusterIPs ?? []).slice(1)]
    else delete spec.clusterIPs
  }
}

const hasNodePorts = ({ type }: Service['spec']): boolean => type === 'NodePort' || type === 'LoadBalancer'

/** Fields that only some types have, when a change of the type left them as they were. */
const NEEDED_BY: [field: keyof Service['spec'], needs: (spec: Service['spec']) => boolean][] = [
  ['clusterIP', ({ type }) => type !== 'ExternalName'],
  ['clusterIPs', ({ type }) => type !== 'ExternalName'],
  ['ipFamilies', ({ type }) => type !== 'ExternalName'],
  ['ipFamilyPolicy', ({ type }) => type !== 'ExternalName'],
  ['externalTrafficPolicy', isExternal],
  ['healthCheckNodePort', needsHealthCheck],
  ['allocateLoadBalancerNodePorts', ({ type }) => type === 'LoadBalancer'],
  ['loadBalancerClass', ({ type }) => type === 'LoadBalancer'],
]

function dropUseless(spec: Service['spec'], old: Service['spec']): void {
  for (const [field, needs] of NEEDED_BY) {
    if (needs(old) && !needs(spec) && isDeepStrictEqual(spec[field], old[field])) delete spec[field]
  }
  if (!hasNodePorts(old) || hasNodePorts(spec)) return
  const held = new Set((old.ports ?? []).map(({ nodePort }) => nodePort))
  for (const port of spec.ports ?? []) if (held.has(port.nodePort)) delete port.nodePort
}
