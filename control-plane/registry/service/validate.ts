import type { Service, ServicePort } from '../../../api/kinds/types.ts'
import {
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { isDns1123Subdomain } from '../../../api/meta/validation.ts'
import { cidr, ip, ipFamily, ordinaryIp } from '../rules/addresses.ts'
import {
  always,
  collect,
  FINE,
  fields,
  isSame,
  oneOf,
  type Rule,
  required,
  requiredOneOf,
} from '../rules/check.ts'
import { labels } from '../rules/labels.ts'
import { label, portNumber, portNumberOrName, qualifiedName } from '../rules/values.ts'

type Spec = Service['spec'] & Record<string, any>

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const AFFINITIES = ['ClientIP', 'None']
const POLICIES = ['Cluster', 'Local']
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
const MOST_AFFINITY = 86_400
const ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'"

const isHeadless = ({ clusterIPs = [], clusterIP }: Spec): boolean =>
  clusterIPs.length > 0 ? clusterIPs.length === 1 && clusterIPs[0] === 'None' : clusterIP === 'None'

/** All that is wrong with a Service. Addresses and ports are not given yet: that is admission's part. */
export function validateService(service: Service): readonly FieldError[] {
  const spec = service.spec as Spec
  const { ports = [], type } = spec
  return collect(
    ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName' && [requiredError('spec.ports', '')],
    typeFaults(spec),
    portFaults(ports, 'spec.ports'),
    fields({ selector: labels })(spec, 'spec'),
    affinityFaults(spec),
    addressFaults(spec),
    externalIpFaults(spec.externalIPs ?? []),
    requiredOneOf(...TYPES)(type ?? '', 'spec.type'),
    type === 'ClusterIP' && clusterPortFaults(ports),
    repeatedPorts(ports),
    sourceRangeFaults(spec),
    balancerFaults(spec),
    trafficFaults(spec),
  )
}

function typeFaults(spec: Spec): readonly FieldError[] {
  const { type, externalName } = spec
  if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec)) {
    return [invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)]
  }
  if (type !== 'ExternalName') return FINE
  const unset = ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'].filter(field => spec[field]?.length > 0)
  const name = (externalName ?? '').replace(/\.$/, '')
  return collect(
    unset.map(field => forbiddenField(`spec.${field}`, 'may not be set for ExternalName services')),
    name
      ? isDns1123Subdomain(name).map(fault => invalidValue('spec.externalName', name, fault))
      : [requiredError('spec.externalName', '')],
  )
}

const portRules = fields({
  port: always((value: number | undefined, path) => portNumber(value ?? 0, path)),
  protocol: requiredOneOf(...PROTOCOLS),
  targetPort: portNumberOrName,
  appProtocol: qualifiedName,
})

function portFaults(ports: ServicePort[], path: string): readonly FieldError[] {
  const names = new Set<string>()
  return ports.flatMap((port, i) => {
    const at = `${path}[${i}]`
    const { name } = port
    const isRepeated = name && names.has(name)
    if (name) names.add(name)
    return collect(
      ports.length > 1 && !name && [requiredError(`${at}.name`, '')],
      name && label(name, `${at}.name`),
      isRepeated && [duplicateValue(`${at}.name`, name)],
      portRules(port, at),
    )
  })
}

const clusterPortFaults = (ports: ServicePort[]): readonly FieldError[] =>
  ports.flatMap(({ nodePort }, i) =>
    nodePort
      ? [forbiddenField(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'")]
      : [],
  )

/** A port and a protocol as Go prints them: all fields of the struct. */
const goPort = ({ protocol = '', port }: ServicePort) => ({
  Name: '',
  Protocol: protocol,
  AppProtocol: null,
  Port: port,
  TargetPort: 0,
  NodePort: 0,
})

function repeatedPorts(ports: ServicePort[]): readonly FieldError[] {
  const onNode = new Set<string>()
  const own = new Set<string>()
  const nodePorts = ports.flatMap(({ protocol, nodePort }, i) => {
    if (!nodePort) return []
    const key = `${protocol}/${nodePort}`
    if (onNode.has(key)) return [duplicateValue(`spec.ports[${i}].nodePort`, nodePort)]
    onNode.add(key)
    return []
  })
  const repeated = ports.flatMap((port, i) => {
    const key = `${port.protocol}/${port.port}`
    if (own.has(key)) return [duplicateValue(`spec.ports[${i}]`, goPort(port))]
    own.add(key)
    return []
  })
  return [...nodePorts, ...repeated]
}

function affinityFaults({ sessionAffinity, sessionAffinityConfig: config }: Spec): readonly FieldError[] {
  const path = 'spec.sessionAffinityConfig'
  const known = requiredOneOf(...AFFINITIES)(sessionAffinity ?? '', 'spec.sessionAffinity')
  if (sessionAffinity === 'None' && config) {
    return [...known, forbiddenField(path, 'must not be set when session affinity is None')]
  }
  if (sessionAffinity !== 'ClientIP') return known
  const why = 'when session affinity type is ClientIP'
  if (!config) return [requiredError(path, why)]
  if (!config.clientIP) return [requiredError(`${path}.clientIP`, why)]
  const seconds = config.clientIP.timeoutSeconds
  const at = `${path}.clientIP.timeoutSeconds`
  if (seconds === undefined) return [requiredError(at, why)]
  if (seconds > 0 && seconds <= MOST_AFFINITY) return known
  return [invalidValue(at, seconds, `must be greater than 0 and less than ${MOST_AFFINITY}`)]
}

/** A Service's own addresses: of one family each, and together with their families. */
function addressFaults(spec: Spec): readonly FieldError[] {
  if (spec.type === 'ExternalName') return FINE
  const { clusterIP, clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec
  const at = 'spec.clusterIPs'
  const faults = collect(
    clusterIP && clusterIPs.length === 0 && [requiredError(at, '')],
    clusterIP &&
      clusterIPs.length > 0 &&
      clusterIPs[0] !== clusterIP && [invalidValue(at, clusterIPs, 'first value must match `clusterIP`')],
    !clusterIP &&
      clusterIPs.length > 0 && [
        invalidValue(at, clusterIPs, 'must be empty when `clusterIP` is not specified'),
      ],
    familyFaults(ipFamilies),
    ipFamilyPolicy && oneOf(...FAMILY_POLICIES)(ipFamilyPolicy, 'spec.ipFamilyPolicy'),
  )
  const wrong = clusterIPs.flatMap((address, i) => {
    if (i > 0 || address !== 'None') return [...ip(address, `${at}[${i}]`)]
    return clusterIPs.length > 1
      ? [invalidValue(at, clusterIPs, "'None' must be the first and only value")]
      : []
  })
  const many = clusterIPs.length > 2 && [invalidValue(at, clusterIPs, 'may only hold up to 2 values')]
  if (wrong.length > 0) return collect(faults, wrong, many)
  return collect(faults, many, stackFaults(spec, at))
}

function familyFaults(families: string[]): readonly FieldError[] {
  return families.flatMap((family, i) => {
    const at = `spec.ipFamilies[${i}]`
    return collect(
      !['IPv4', 'IPv6'].includes(family) && [notSupported(at, family, ['IPv4', 'IPv6'])],
      families.indexOf(family) < i && [duplicateValue(at, family)],
    )
  })
}

function stackFaults(spec: Spec, at: string): readonly FieldError[] {
  const { clusterIPs = [], ipFamilies = [] } = spec
  const kinds = clusterIPs.map(ipFamily)
  const isDual = new Set(kinds).size === 2
  return collect(
    clusterIPs.length > 1 &&
      !isDual && [invalidValue(at, clusterIPs, 'may specify no more than one IP for each IP family')],
    !isHeadless(spec) &&
      clusterIPs.flatMap((address, i) => {
        const wanted = ipFamilies[i]
        if (!wanted || wanted === `IPv${kinds[i]}`) return []
        const detail = `expected an ${wanted} value as indicated by \`ipFamilies[${i}]\``
        return [invalidValue(`${at}[${i}]`, address, detail)]
      }),
  )
}

const externalIpFaults = (addresses: string[]): readonly FieldError[] =>
  addresses.flatMap((address, i) => {
    const at = `spec.externalIPs[${i}]`
    const faults = ip(address, at)
    return faults.length > 0 ? faults : ordinaryIp(address, at)
  })

function sourceRangeFaults({ loadBalancerSourceRanges = [], type }: Spec): readonly FieldError[] {
  if (loadBalancerSourceRanges.length === 0) return FINE
  const at = 'spec.LoadBalancerSourceRanges'
  return collect(
    type !== 'LoadBalancer' && [forbiddenField(at, ONLY_BALANCED)],
    ...loadBalancerSourceRanges.map((range, i) => cidr(range.trim(), `${at}[${i}]`)),
  )
}

function balancerFaults({
  type,
  allocateLoadBalancerNodePorts,
  loadBalancerClass,
}: Spec): readonly FieldError[] {
  if (type === 'LoadBalancer')
    return loadBalancerClass ? qualifiedName(loadBalancerClass, 'spec.loadBalancerClass') : FINE
  return collect(
    allocateLoadBalancerNodePorts !== undefined && [
      forbiddenField('spec.allocateLoadBalancerNodePorts', ONLY_BALANCED),
    ],
    loadBalancerClass && [forbiddenField('spec.loadBalancerClass', ONLY_BALANCED)],
  )
}

/** Whether anybody outside of the cluster can reach it. */
export const isExternal = ({ type, externalIPs = [] }: Service['spec']): boolean =>
  type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && externalIPs.length > 0)

/** Whether a balancer asks the nodes which of them have Pods. */
export const needsHealthCheck = ({ type, externalTrafficPolicy }: Service['spec']): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local'

function trafficFaults(spec: Spec): readonly FieldError[] {
  const { type, externalTrafficPolicy: external, internalTrafficPolicy: internal, healthCheckNodePort } = spec
  const onlyExternal = 'may only be set for externally-accessible services'
  const onlyLocal = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
  const policy: Rule<string> = required(oneOf(...POLICIES))
  return collect(
    isExternal(spec)
      ? policy(external ?? '', 'spec.externalTrafficPolicy')
      : external && [invalidValue('spec.externalTrafficPolicy', external, onlyExternal)],
    healthCheckNodePort &&
      !needsHealthCheck(spec) && [invalidValue('spec.healthCheckNodePort', healthCheckNodePort, onlyLocal)],
    type !== 'ExternalName' && policy(internal ?? '', 'spec.internalTrafficPolicy'),
    type === 'ExternalName' && internal && oneOf(...POLICIES)(internal, 'spec.internalTrafficPolicy'),
    spec.trafficDistribution && oneOf(...DISTRIBUTIONS)(spec.trafficDistribution, 'spec.trafficDistribution'),
  )
}

/** What an update of a Service changes and may not. */
export function validateServiceUpdate(service: Service, old: Service): readonly FieldError[] {
  const spec = service.spec as Spec
  const before = old.spec as Spec
  return collect(
    fixedAddressFaults(spec, before),
    fixedFamilyFaults(spec, before),
    spec.type === 'LoadBalancer' &&
      before.type === 'LoadBalancer' &&
      !isSame(spec.loadBalancerClass, before.loadBalancerClass) && [
        invalidValue('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set'),
      ],
    needsHealthCheck(spec) &&
      needsHealthCheck(before) &&
      spec.healthCheckNodePort !== before.healthCheckNodePort && [
        forbiddenField('spec.healthCheckNodePort', 'field is immutable'),
      ],
    validateService(service),
  )
}

const isNamed = (...specs: Spec[]): boolean => specs.some(({ type }) => type === 'ExternalName')

function fixedAddressFaults(spec: Spec, old: Spec): readonly FieldError[] {
  if (isNamed(spec, old) || (isHeadless(spec) && isHeadless(old))) return FINE
  const [wanted, before] = [spec.clusterIPs ?? [], old.clusterIPs ?? []]
  const at = 'spec.clusterIPs[0]'
  if (before.length === 0) return FINE
  if (wanted.length === 0) return [invalidValue(at, wanted, 'primary clusterIP can not be unset')]
  const shrinks =
    wanted.length < before.length && wanted.length === 1 && spec.ipFamilyPolicy !== 'SingleStack'
  const detail = "must be set to 'SingleStack' when releasing the secondary clusterIP"
  return collect(
    wanted.length === before.length
      ? wanted.flatMap((address, i) =>
          address === before[i]
            ? []
            : [invalidValue(`spec.clusterIPs[${i}]`, wanted, 'may not change once set')],
        )
      : wanted[0] !== before[0] && [invalidValue(at, wanted, 'may not change once set')],
    shrinks && [invalidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy ?? null, detail)],
  )
}

function fixedFamilyFaults(spec: Spec, old: Spec): readonly FieldError[] {
  if (isNamed(spec, old) || isHeadless(spec) || isHeadless(old)) return FINE
  const [wanted, before] = [spec.ipFamilies ?? [], old.ipFamilies ?? []]
  if (before.length === 0 || wanted.length === 0 || wanted[0] === before[0]) return FINE
  return [invalidValue('spec.ipFamilies[0]', wanted, 'may not change once set')]
}
