import type { Container, PodSpec, Probe } from '../../../api/kinds/types.ts'
import { compareQuantity, isQuantity, QUANTITY_RULE } from '../../../api/meta/quantity.ts'
import {
  duplicateValue,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../api/meta/status.ts'
import {
  isDns1123Label,
  isEnvVarName,
  isValidPortName,
  isValidPortNumber,
} from '../../../api/meta/validation.ts'

const DNS_POLICIES = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None']
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure']
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

const invalidAll = (path: string, value: unknown, faults: string[]): FieldError[] =>
  faults.map(fault => invalidValue(path, value, fault))

/** All that is wrong with a Pod's spec; `path` is where it stands (`spec`, `spec.template.spec`). */
export function validatePodSpec(spec: PodSpec, path: string): FieldError[] {
  const volumes = new Set((spec.volumes ?? []).map(({ name }) => name))
  return [
    ...validateVolumes(spec, `${path}.volumes`),
    ...validateContainers(spec.containers ?? [], `${path}.containers`, volumes, spec),
    ...validateContainers(spec.initContainers ?? [], `${path}.initContainers`, volumes, spec),
    ...uniqueAcross(spec, path),
    ...oneOf(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES),
    ...oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES),
    ...validateNumbers(spec, path),
    ...(spec.hostname ? invalidAll(`${path}.hostname`, spec.hostname, isDns1123Label(spec.hostname)) : []),
    ...(spec.subdomain
      ? invalidAll(`${path}.subdomain`, spec.subdomain, isDns1123Label(spec.subdomain))
      : []),
  ]
}

function oneOf(path: string, value: string | undefined, allowed: string[]): FieldError[] {
  if (!value) return [required(path, '')]
  return allowed.includes(value) ? [] : [notSupported(path, value, allowed)]
}

function validateNumbers(
  { terminationGracePeriodSeconds: grace, activeDeadlineSeconds: deadline }: PodSpec,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  if ((grace ?? 0) < 0)
    errors.push(
      invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than or equal to 0'),
    )
  if (deadline !== undefined && deadline !== null && (deadline < 1 || deadline > 2_147_483_647)) {
    errors.push(
      invalidValue(`${path}.activeDeadlineSeconds`, deadline, 'must be between 1 and 2147483647, inclusive'),
    )
  }
  return errors
}

function validateVolumes({ volumes = [] }: PodSpec, path: string): FieldError[] {
  const seen = new Set<string>()
  return volumes.flatMap((volume, i) => {
    const at = `${path}[${i}]`
    const errors: FieldError[] = []
    if (!volume.name) errors.push(required(`${at}.name`, ''))
    else errors.push(...invalidAll(`${at}.name`, volume.name, isDns1123Label(volume.name)))
    if (seen.has(volume.name)) errors.push(duplicateValue(`${at}.name`, volume.name))
    seen.add(volume.name)
    const types = Object.keys(volume).filter(key => key !== 'name')
    if (types.length === 0) errors.push(required(at, 'must specify a volume type'))
    for (const extra of types.slice(1))
      errors.push(forbiddenField(`${at}.${extra}`, 'may not specify more than 1 volume type'))
    return errors
  })
}

/** Names must differ across containers and init containers. */
function uniqueAcross({ containers = [], initContainers = [] }: PodSpec, path: string): FieldError[] {
  const names = new Set(containers.map(({ name }) => name))
  return initContainers.flatMap(({ name }, i) =>
    names.has(name) ? [duplicateValue(`${path}.initContainers[${i}].name`, name)] : [],
  )
}

function validateContainers(
  containers: Container[],
  path: string,
  volumes: Set<string>,
  spec: PodSpec,
): FieldError[] {
  if (containers.length === 0 && path.endsWith('.containers')) return [required(path, '')]
  const names = new Set<string>()
  return containers.flatMap((container, i) => {
    const at = `${path}[${i}]`
    const errors = validateContainer(container, at, volumes, spec)
    if (names.has(container.name)) errors.push(duplicateValue(`${at}.name`, container.name))
    names.add(container.name)
    return errors
  })
}

function validateContainer(
  container: Container,
  at: string,
  volumes: Set<string>,
  spec: PodSpec,
): FieldError[] {
  const { name, image, imagePullPolicy } = container
  return [
    ...(name ? invalidAll(`${at}.name`, name, isDns1123Label(name)) : [required(`${at}.name`, '')]),
    ...validateImage(image, `${at}.image`),
    ...oneOf(`${at}.imagePullPolicy`, imagePullPolicy, PULL_POLICIES),
    ...validatePorts(container, `${at}.ports`, spec),
    ...validateEnv(container, `${at}.env`),
    ...validateMounts(container, `${at}.volumeMounts`, volumes),
    ...validateResources(container, `${at}.resources`),
    ...(['livenessProbe', 'readinessProbe', 'startupProbe'] as const).flatMap(field =>
      container[field] ? validateProbe(container[field], `${at}.${field}`, field) : [],
    ),
  ]
}

function validateImage(image: string | undefined, path: string): FieldError[] {
  if (!image) return [required(path, '')]
  return image.trim() === image
    ? []
    : [invalidValue(path, image, 'must not have leading or trailing whitespace')]
}

function validatePorts({ ports = [] }: Container, path: string, spec: PodSpec): FieldError[] {
  const names = new Set<string>()
  return ports.flatMap((port, i) => {
    const at = `${path}[${i}]`
    const errors: FieldError[] = []
    if (port.name) {
      errors.push(...invalidAll(`${at}.name`, port.name, isValidPortName(port.name)))
      if (names.has(port.name)) errors.push(duplicateValue(`${at}.name`, port.name))
      names.add(port.name)
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`, ''))
    else
      errors.push(
        ...invalidAll(`${at}.containerPort`, port.containerPort, isValidPortNumber(port.containerPort)),
      )
    if (port.hostPort)
      errors.push(...invalidAll(`${at}.hostPort`, port.hostPort, isValidPortNumber(port.hostPort)))
    if (spec.hostNetwork && port.hostPort && port.hostPort !== port.containerPort) {
      errors.push(
        invalidValue(
          `${at}.containerPort`,
          port.containerPort,
          'must match `hostPort` when `hostNetwork` is true',
        ),
      )
    }
    return [...errors, ...oneOf(`${at}.protocol`, port.protocol, PROTOCOLS)]
  })
}

function validateEnv({ env = [] }: Container, path: string): FieldError[] {
  return env.flatMap(({ name, value, valueFrom }, i) => {
    const at = `${path}[${i}]`
    if (!name) return [required(`${at}.name`, '')]
    const errors = invalidAll(`${at}.name`, name, isEnvVarName(name))
    if (!valueFrom) return errors
    if (value)
      errors.push(invalidValue(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty'))
    const sources = Object.keys(valueFrom)
    if (sources.length === 0)
      errors.push(
        invalidValue(
          `${at}.valueFrom`,
          '',
          'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
        ),
      )
    if (sources.length > 1)
      errors.push(invalidValue(`${at}.valueFrom`, '', 'may not have more than one field specified at a time'))
    return errors
  })
}

function validateMounts({ volumeMounts = [] }: Container, path: string, volumes: Set<string>): FieldError[] {
  const paths = new Set<string>()
  return volumeMounts.flatMap(({ name, mountPath, subPath }, i) => {
    const at = `${path}[${i}]`
    const errors: FieldError[] = []
    if (!name) errors.push(required(`${at}.name`, ''))
    else if (!volumes.has(name))
      errors.push({ type: 'FieldValueNotFound', field: `${at}.name`, badValue: name, detail: '' })
    if (!mountPath) errors.push(required(`${at}.mountPath`, ''))
    else if (paths.has(mountPath)) errors.push(invalidValue(`${at}.mountPath`, mountPath, 'must be unique'))
    paths.add(mountPath)
    if (subPath?.startsWith('/'))
      errors.push(invalidValue(`${at}.subPath`, subPath, 'must be a relative path'))
    if (subPath?.split('/').includes('..'))
      errors.push(invalidValue(`${at}.subPath`, subPath, "must not contain '..'"))
    return errors
  })
}

function validateResources({ resources = {} }: Container, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const kind of ['limits', 'requests'] as const) {
    for (const [name, value] of Object.entries(resources[kind] ?? {})) {
      const at = `${path}.${kind}[${name}]`
      const text = String(value)
      if (!isQuantity(text)) errors.push(invalidValue(at, text, QUANTITY_RULE))
      else if (compareQuantity(text, '0') < 0)
        errors.push(invalidValue(at, text, 'must be greater than or equal to 0'))
    }
  }
  if (errors.length > 0) return errors
  for (const [name, value] of Object.entries(resources.requests ?? {})) {
    const limit = resources.limits?.[name]
    if (limit !== undefined && compareQuantity(String(value), String(limit)) > 0) {
      errors.push(
        invalidValue(
          `${path}.requests`,
          String(value),
          `must be less than or equal to ${name} limit of ${limit}`,
        ),
      )
    }
  }
  return errors
}

function validateProbe(probe: Probe, path: string, field: string): FieldError[] {
  const errors: FieldError[] = []
  const handlers = (['exec', 'httpGet', 'tcpSocket', 'grpc'] as const).filter(name => probe[name])
  if (handlers.length === 0) errors.push(required(path, 'must specify a handler type'))
  for (const extra of handlers.slice(1))
    errors.push(forbiddenField(`${path}.${extra}`, 'may not specify more than 1 handler type'))
  for (const name of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const) {
    if ((probe[name] ?? 0) < 0)
      errors.push(invalidValue(`${path}.${name}`, probe[name], 'must be greater than or equal to 0'))
  }
  if (field !== 'readinessProbe' && probe.successThreshold !== undefined && probe.successThreshold !== 1) {
    errors.push(invalidValue(`${path}.successThreshold`, probe.successThreshold, 'must be 1'))
  }
  return errors
}
