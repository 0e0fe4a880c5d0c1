import type { Container, ContainerPort, PodSpec } from '../../../api/kinds/types.ts'
import {
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  notFoundValue,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { isValidPortName } from '../../../api/meta/validation.ts'
import { always, collect, FINE, fields, isEmpty, oneOf, type Rule, requiredOneOf } from '../rules/check.ts'
import { containerResourceName, requirements } from '../rules/resources.ts'
import { label, portNumber } from '../rules/values.ts'
import { environment, environmentFrom } from './environment.ts'
import { validateMounts } from './mounts.ts'
import { resizePolicyFaults, validateLifecycle } from './probes.ts'
import { containerSecurity } from './security.ts'
import type { Volumes } from './volumes.ts'

/** What the rules of containers must know of their Pod. */
export interface PodFacts {
  spec: PodSpec
  volumes: Volumes
  /** Names of the Pod's claims on devices. */
  claims: ReadonlySet<string>
}

type AnyContainer = Container & {
  restartPolicy?: string
  resizePolicy?: { resourceName: string; restartPolicy: string }[]
}

const protocol = requiredOneOf('SCTP', 'TCP', 'UDP')

const portFields = fields({
  containerPort: always((value: number | undefined, path) =>
    value ? portNumber(value, path) : [requiredError(path, '')],
  ),
  hostPort: (value: number, path) => (value === 0 ? FINE : portNumber(value, path)),
  protocol,
})

const ports: Rule = (list: ContainerPort[], path) => {
  const names = new Set<string>()
  return list.flatMap((port, i) => {
    const at = `${path}[${i}]`
    const { name } = port
    const faults = name ? isValidPortName(name).map(fault => invalidValue(`${at}.name`, name, fault)) : []
    if (faults.length === 0 && name) {
      if (names.has(name)) faults.push(duplicateValue(`${at}.name`, name))
      names.add(name)
    }
    return [...faults, ...portFields(port, at)]
  })
}

const messagePolicy: Rule = oneOf('File', 'FallbackToLogsOnError')
const pullPolicy: Rule = oneOf('Always', 'IfNotPresent', 'Never')

const needed = (rule: Rule): Rule =>
  always((value, path) => (value ? rule(value, path) : [requiredError(path, '')]))

const beginning = fields({
  name: needed(label),
  image: needed(() => FINE),
  terminationMessagePolicy: needed(messagePolicy),
  ports,
  env: environment,
  envFrom: environmentFrom,
})
const policies = fields({ imagePullPolicy: needed(pullPolicy) })
const securityOfHost = fields({ securityContext: containerSecurity(true) })
const securityOfPod = fields({ securityContext: containerSecurity(false) })

/** What is wrong with any container, in the order in which upstream says it. */
function common(
  container: AnyContainer,
  path: string,
  { spec, volumes, claims }: PodFacts,
): readonly FieldError[] {
  const { resources, resizePolicy } = container
  const security = (spec as { hostUsers?: boolean }).hostUsers === false ? securityOfPod : securityOfHost
  return collect(
    beginning(container, path),
    validateMounts(container, path, volumes),
    policies(container, path),
    resources && requirements(resources as never, `${path}.resources`, containerResourceName, claims),
    resizePolicy && resizePolicyFaults(resizePolicy, `${path}.resizePolicy`, spec.restartPolicy),
    security(container, path),
  )
}

const graceOf = ({ terminationGracePeriodSeconds }: PodSpec): number | undefined =>
  terminationGracePeriodSeconds

/** The containers of a Pod: names differ, ports of the host too. */
export function validateContainers(path: string, facts: PodFacts): readonly FieldError[] {
  const containers = (facts.spec.containers ?? []) as AnyContainer[]
  if (containers.length === 0) return [requiredError(path, '')]
  const names = new Set<string>()
  const own = containers.flatMap((container, i) => {
    const at = `${path}[${i}]`
    const { name } = container
    const isRepeated = names.has(name)
    names.add(name)
    return collect(
      common(container, at, facts),
      isRepeated && [duplicateValue(`${at}.name`, name)],
      validateLifecycle(container, at, graceOf(facts.spec)),
    )
  })
  return [...own, ...hostPortFaults(containers, path, new Set())]
}

function hostPortFaults(containers: Container[], path: string, taken: Set<string>): readonly FieldError[] {
  return containers.flatMap(({ ports = [] }, c) =>
    ports.flatMap(({ hostPort, hostIP = '', protocol }, p) => {
      if (!hostPort) return []
      const key = `${protocol}/${hostIP}/${hostPort}`
      if (taken.has(key)) return [duplicateValue(`${path}[${c}].ports[${p}].hostPort`, key)]
      taken.add(key)
      return []
    }),
  )
}

const RUNNING_ONLY = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const
const restartAlways = oneOf('Always')

/** Init containers run one after another, but for those that restart always (sidecars). */
export function validateInitContainers(path: string, facts: PodFacts): readonly FieldError[] {
  const names = new Set((facts.spec.containers ?? []).map(({ name }) => name))
  return ((facts.spec.initContainers ?? []) as AnyContainer[]).flatMap((container, i) => {
    const at = `${path}[${i}]`
    const { name, restartPolicy } = container
    const isRepeated = names.has(name)
    if (name) names.add(name)
    return collect(
      common(container, at, facts),
      restartPolicy && restartAlways(restartPolicy, `${at}.restartPolicy`),
      isRepeated && [duplicateValue(`${at}.name`, name)],
      hostPortFaults([container], path, new Set()),
      restartPolicy === 'Always'
        ? validateLifecycle(container, at, graceOf(facts.spec))
        : RUNNING_ONLY.filter(field => container[field]).map(field =>
            forbiddenField(
              `${at}.${field}`,
              'may not be set for init containers without restartPolicy=Always',
            ),
          ),
    )
  })
}

const NOT_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
]
const NOT_FOR_EPHEMERAL = 'cannot be set for an Ephemeral Container'

/** Containers added to a running Pod to look into it. */
export function validateEphemeralContainers(path: string, facts: PodFacts): readonly FieldError[] {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = facts.spec
  const others = new Set([...containers, ...initContainers].map(({ name }) => name))
  const names = new Set(others)
  return (ephemeralContainers as any[]).flatMap((container, i) => {
    const at = `${path}[${i}]`
    const { name, targetContainerName: target } = container
    const isRepeated = names.has(name)
    names.add(name)
    return collect(
      common(container, at, facts),
      imageFaults(container, at),
      isRepeated && [duplicateValue(`${at}.name`, name)],
      target && !others.has(target) && [notFoundValue(`${at}.targetContainerName`, target)],
      NOT_EPHEMERAL.filter(field => !isEmpty(container[field])).map(field =>
        forbiddenField(`${at}.${field}`, NOT_FOR_EPHEMERAL),
      ),
      (container.volumeMounts ?? []).flatMap((mount: any, m: number) =>
        ['subPath', 'subPathExpr']
          .filter(field => mount[field])
          .map(field => forbiddenField(`${at}.volumeMounts[${m}].${field}`, NOT_FOR_EPHEMERAL)),
      ),
    )
  })
}

/** Held against Pods and not against templates. */
export function imageFaults({ image = '' }: Container, path: string): readonly FieldError[] {
  if (image.trim() === image) return FINE
  return [invalidValue(`${path}.image`, image, 'must not have leading or trailing whitespace')]
}
