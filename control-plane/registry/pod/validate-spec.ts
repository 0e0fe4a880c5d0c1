import type { PodSpec } from '../../../api/kinds/types.ts'
import {
  duplicateValue,
  type FieldError,
  invalidValue,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { isSubdomainWithUnderscore } from '../../../api/meta/validation.ts'
import { ip } from '../rules/addresses.ts'
import {
  between,
  collect,
  each,
  FINE,
  fields,
  oneOf,
  type Rule,
  required,
  requiredOneOf,
} from '../rules/check.ts'
import { labels } from '../rules/labels.ts'
import { containerResourceName, requirements } from '../rules/resources.ts'
import { label, qualifiedName, subdomain } from '../rules/values.ts'
import {
  type PodFacts,
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
} from './containers.ts'
import { podResourceFaults } from './pod-resources.ts'
import { affinity, tolerations, topologySpread } from './scheduling.ts'
import { hostUsersFaults, validatePodSecurity } from './security.ts'
import { validateVolumes } from './volumes.ts'
import { hostProcessFaults, systemFaults } from './windows.ts'

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const MOST_DEADLINE = 2_147_483_647

/** A Pod's own spec, as against one in a template: its name where it is known. */
export interface SpecOptions {
  podName?: string
  isPod?: boolean
}

/** All that is wrong with a Pod's spec; `path` is where it stands (`spec`, `spec.template.spec`). */
export function validatePodSpec(
  spec: PodSpec,
  path: string,
  { podName, isPod = false }: SpecOptions = {},
): readonly FieldError[] {
  const { faults, volumes } = validateVolumes(spec.volumes ?? [], `${path}.volumes`, podName, isPod)
  const facts: PodFacts = { spec, volumes, claims: claimNames(spec) }
  return collect(
    spec.terminationGracePeriodSeconds === undefined && [
      requiredError(`${path}.terminationGracePeriodSeconds`, ''),
    ],
    faults,
    deviceClaims(spec.resourceClaims ?? [], `${path}.resourceClaims`),
    validateContainers(`${path}.containers`, facts),
    validateInitContainers(`${path}.initContainers`, facts),
    spec.ephemeralContainers && validateEphemeralContainers(`${path}.ephemeralContainers`, facts),
    podResourceFaults(spec, `${path}.resources`, facts.claims),
    spec.hostNetwork && hostPortFaults(spec, `${path}.containers`, isPod),
    beforeSecurity(spec, path),
    validatePodSecurity(spec, path),
    afterSecurity(spec, path),
    hostProcessFaults(spec, path),
    hostUsersFaults(spec, path),
    last(spec, path),
    (spec as { os?: object }).os && systemFaults(spec, path),
  )
}

const claimNames = (spec: PodSpec): Set<string> =>
  new Set((spec.resourceClaims ?? []).map(({ name }) => name).filter(Boolean))

const deviceClaims: Rule = (claims: any[], path) => {
  const names = new Set<string>()
  return claims.flatMap((claim, i) => {
    const at = `${path}[${i}]`
    const { name, resourceClaimName, resourceClaimTemplateName: template } = claim
    const isRepeated = names.has(name)
    names.add(name)
    const both = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'
    const neither = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'
    return collect(
      isRepeated ? [duplicateValue(`${at}.name`, name)] : required(label)(name, `${at}.name`),
      resourceClaimName && template && [invalidValue(at, claim, both)],
      !resourceClaimName && !template && [invalidValue(at, claim, neither)],
      fields({ resourceClaimName: subdomain, resourceClaimTemplateName: subdomain })(claim, at),
    )
  })
}

/** With the host's network, a port of the host is the port of the container; templates may leave it out. */
function hostPortFaults({ containers = [] }: PodSpec, path: string, isPod: boolean): readonly FieldError[] {
  const detail = 'must match `containerPort` when `hostNetwork` is true'
  return containers.flatMap(({ ports = [] }, c) =>
    ports.flatMap(({ hostPort = 0, containerPort }, p) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort
        ? [invalidValue(`${path}[${c}].ports[${p}].hostPort`, hostPort, detail)]
        : [],
    ),
  )
}

const beforeSecurity = fields({
  restartPolicy: requiredOneOf(...RESTART_POLICIES),
  dnsPolicy: requiredOneOf(...DNS_POLICIES),
  nodeSelector: labels,
})

const MOST_NAMESERVERS = 3
const MOST_SEARCHES = 32
const MOST_SEARCH_CHARACTERS = 2_048

function dnsFaults({ dnsPolicy, dnsConfig }: PodSpec, path: string): readonly FieldError[] {
  if (dnsPolicy === 'None') {
    if (!dnsConfig) return [requiredError(path, 'must provide `dnsConfig` when `dnsPolicy` is None')]
    if (!dnsConfig.nameservers?.length) {
      const detail = 'must provide at least one DNS nameserver when `dnsPolicy` is None'
      return [requiredError(`${path}.nameservers`, detail)]
    }
  }
  if (!dnsConfig) return FINE
  const { nameservers = [], searches = [], options = [] } = dnsConfig
  const tooMany = (field: string, value: string[], most: string): readonly FieldError[] => [
    invalidValue(`${path}.${field}`, value, `must not have more than ${most}`),
  ]
  const length = searches.join(' ').length
  return collect(
    nameservers.length > MOST_NAMESERVERS &&
      tooMany('nameservers', nameservers, `${MOST_NAMESERVERS} nameservers`),
    each(ip)(nameservers, `${path}.nameservers`),
    searches.length > MOST_SEARCHES && tooMany('searches', searches, `${MOST_SEARCHES} search paths`),
    length > MOST_SEARCH_CHARACTERS &&
      tooMany(
        'searches',
        searches,
        `${MOST_SEARCH_CHARACTERS} characters (including spaces) in the search list`,
      ),
    each(searchPath)(searches, `${path}.searches`),
    options.flatMap(({ name }, i) =>
      name ? [] : [requiredError(`${path}.options[${i}]`, 'must not be empty')],
    ),
  )
}

const searchPath: Rule<string> = (value, path) => {
  const search = value.replace(/\.$/, '')
  if (value === '.') return FINE
  return isSubdomainWithUnderscore(search).map(fault => invalidValue(path, search, fault))
}

const gates: Rule = (list: { name: string }[], path) => {
  const names = new Set<string>()
  return list.flatMap(({ name }, i) => {
    const isRepeated = names.has(name)
    names.add(name)
    return collect(
      qualifiedName(name, `${path}[${i}]`),
      isRepeated && [duplicateValue(`${path}[${i}]`, name)],
    )
  })
}

const gating = fields({
  readinessGates: each(fields({ conditionType: qualifiedName })),
  schedulingGates: gates,
})

function afterSecurity(spec: PodSpec, path: string): readonly FieldError[] {
  const spread = spec.topologySpreadConstraints
  return collect(
    spec.affinity && affinity(spec.affinity, `${path}.affinity`),
    dnsFaults(spec, `${path}.dnsConfig`),
    gating(spec, path),
    spread && topologySpread(spread, `${path}.topologySpreadConstraints`),
  )
}

const operatingSystem: Rule = ({ name }, path) => {
  if (!name) return [requiredError(`${path}.name`, '')]
  return oneOf('linux', 'windows')(name, path)
}

const last = fields({
  serviceAccountName: subdomain,
  nodeName: subdomain,
  activeDeadlineSeconds: between(1, MOST_DEADLINE),
  hostname: label,
  subdomain: label,
  tolerations,
  hostAliases: each(fields({ ip, hostnames: each(subdomain) })),
  priorityClassName: subdomain,
  runtimeClassName: subdomain,
  preemptionPolicy: oneOf('PreemptLowerPriority', 'Never'),
  overhead: (overhead, path) => requirements({ limits: overhead }, path, containerResourceName, new Set()),
  os: operatingSystem,
})
