import type { Service } from '../../../api/kinds/types.ts'
import {
  duplicateValue,
  type FieldError,
  invalidValue,
  notSupported,
  required,
} from '../../../api/meta/status.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isValidPortName,
  isValidPortNumber,
} from '../../../api/meta/validation.ts'
import type { Strategy } from '../strategy.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const AFFINITIES = ['ClientIP', 'None']
const AFFINITY_TIMEOUT = 10_800

export const serviceStrategy: Strategy<Service> = {
  nameRule: 'label1035',
  hasGeneration: false,
  defaults: ({ spec }) => defaultService(spec),
  prepareForCreate(service) {
    service.status = { loadBalancer: {} }
  },
  keepStatusOnCreate: true,
  prepareForUpdate: keepAllocated,
  validate: (service, old, { subresource }) =>
    subresource === 'status' ? [] : validateService(service, old),
}

function defaultService(spec: Service['spec']): void {
  spec.type ??= 'ClusterIP'
  spec.sessionAffinity ??= 'None'
  if (spec.sessionAffinity === 'ClientIP')
    spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: AFFINITY_TIMEOUT } }
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP'
    port.targetPort ??= port.port
  }
  if (spec.type === 'ExternalName') return
  spec.internalTrafficPolicy ??= 'Cluster'
  spec.ipFamilies ??= ['IPv4']
  spec.ipFamilyPolicy ??= 'SingleStack'
  if (spec.clusterIP === 'None') spec.clusterIPs ??= ['None']
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') spec.externalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
}

/** A client that leaves out what was allocated keeps it. */
function keepAllocated(service: Service, old: Service): void {
  const { spec } = service
  if (spec.type === 'ExternalName') return
  if (!spec.clusterIP && old.spec.type !== 'ExternalName') {
    spec.clusterIP = old.spec.clusterIP!
    spec.clusterIPs = old.spec.clusterIPs!
  }
  if (spec.type === 'ClusterIP') {
    for (const port of spec.ports ?? []) if (old.spec.type !== 'ClusterIP') delete port.nodePort
    delete spec.externalTrafficPolicy
    delete spec.allocateLoadBalancerNodePorts
    return
  }
  for (const port of spec.ports ?? []) {
    const same = old.spec.ports?.find(
      before => before.port === port.port && before.protocol === port.protocol,
    )
    if (!port.nodePort && same?.nodePort) port.nodePort = same.nodePort
  }
}

function validateService({ spec, metadata }: Service, old: Service | undefined): FieldError[] {
  const errors: FieldError[] = []
  if (!TYPES.includes(spec.type!)) errors.push(notSupported('spec.type', spec.type, TYPES))
  if (!AFFINITIES.includes(spec.sessionAffinity!)) {
    errors.push(notSupported('spec.sessionAffinity', spec.sessionAffinity, AFFINITIES))
  }
  if (spec.type === 'ExternalName') {
    const name = spec.externalName?.replace(/\.$/, '') ?? ''
    if (!name) errors.push(required('spec.externalName', ''))
    else
      errors.push(
        ...isDns1123Subdomain(name).map(fault => invalidValue('spec.externalName', spec.externalName, fault)),
      )
  } else {
    errors.push(...validatePorts(spec, metadata))
  }
  const wasFixed =
    old && old.spec.type !== 'ExternalName' && spec.type !== 'ExternalName' && old.spec.clusterIP
  if (wasFixed && spec.clusterIP !== old.spec.clusterIP) {
    errors.push(invalidValue('spec.clusterIPs[0]', spec.clusterIP, 'may not change once set'))
  }
  return errors
}

function validatePorts(spec: Service['spec'], _: Service['metadata']): FieldError[] {
  const ports = spec.ports ?? []
  if (ports.length === 0 && spec.clusterIP !== 'None') return [required('spec.ports', '')]
  const names = new Set<string>()
  const numbers = new Set<string>()
  return ports.flatMap((port, i) => {
    const at = `spec.ports[${i}]`
    const errors: FieldError[] = []
    if (ports.length > 1 && !port.name) errors.push(required(`${at}.name`, ''))
    if (port.name) {
      errors.push(...isDns1123Label(port.name).map(fault => invalidValue(`${at}.name`, port.name, fault)))
      if (names.has(port.name)) errors.push(duplicateValue(`${at}.name`, port.name))
      names.add(port.name)
    }
    errors.push(...isValidPortNumber(port.port).map(fault => invalidValue(`${at}.port`, port.port, fault)))
    if (!PROTOCOLS.includes(port.protocol!))
      errors.push(notSupported(`${at}.protocol`, port.protocol, PROTOCOLS))
    const target = port.targetPort as unknown
    const faults = typeof target === 'string' ? isValidPortName(target) : isValidPortNumber(target as number)
    errors.push(...faults.map(fault => invalidValue(`${at}.targetPort`, target, fault)))
    const key = `${port.protocol}/${port.port}`
    if (numbers.has(key)) errors.push(duplicateValue(at, { protocol: port.protocol, port: port.port }))
    numbers.add(key)
    return errors
  })
}
