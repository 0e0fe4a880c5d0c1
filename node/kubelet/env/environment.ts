import type { Container, EnvVar, Pod, Service } from '../../../api/kinds/types.ts'
import { ContainerConfigError } from '../containers/config.ts'
import { expand } from './expand.ts'
import { fieldValue, namedContainer, type PodFacts, resourceValue } from './field-ref.ts'
import { serviceVariables } from './service-variables.ts'

/** Where values of ConfigMaps and Secrets come from. `undefined`: there is no such object. */
export interface EnvironmentSources {
  configMap(namespace: string, name: string): Promise<Record<string, string> | undefined>
  secret(namespace: string, name: string): Promise<Record<string, string> | undefined>
  services(): Service[]
  facts: PodFacts
}

/**
 * A container's environment: service links, then `envFrom`, then `env` (later wins), with `$(VAR)` expanded from what
 * stands before.
 * @throws ContainerConfigError when something it refers to, and needs, is not there.
 */
export async function containerEnvironment(
  pod: Pod,
  container: Container,
  sources: EnvironmentSources,
): Promise<{ key: string; value: string }[]> {
  const result = new Map<string, string>()
  for (const source of container.envFrom ?? []) await addAll(result, pod, source, sources)
  const services = serviceVariables(
    sources.services(),
    pod.metadata.namespace!,
    pod.spec.enableServiceLinks ?? true,
  )
  const expandable = new Map([...services, ...result])
  for (const variable of container.env ?? []) {
    const value = await variableValue(pod, container, variable, sources, expandable)
    if (value === undefined) continue
    result.set(variable.name, value)
    expandable.set(variable.name, value)
  }
  for (const [key, value] of services) if (!result.has(key)) result.set(key, value)
  return [...result].map(([key, value]) => ({ key, value }))
}

type EnvFrom = NonNullable<Container['envFrom']>[number]

async function addAll(
  result: Map<string, string>,
  pod: Pod,
  source: EnvFrom,
  sources: EnvironmentSources,
): Promise<void> {
  const kind = source.configMapRef ? 'configMap' : 'secret'
  const ref = source.configMapRef ?? source.secretRef
  if (!ref?.name) return
  const data = await sources[kind](pod.metadata.namespace!, ref.name)
  if (!data && !ref.optional) throw new ContainerConfigError(`${kind.toLowerCase()} "${ref.name}" not found`)
  for (const [key, value] of Object.entries(data ?? {})) result.set(`${source.prefix ?? ''}${key}`, value)
}

async function variableValue(
  pod: Pod,
  container: Container,
  { value = '', valueFrom }: EnvVar,
  sources: EnvironmentSources,
  values: Map<string, string>,
): Promise<string | undefined> {
  if (!valueFrom) return expand(value, values)
  if (valueFrom.fieldRef) return fieldValue(pod, valueFrom.fieldRef.fieldPath, sources.facts)
  if (valueFrom.resourceFieldRef) {
    const { containerName, resource, divisor } = valueFrom.resourceFieldRef
    const named = containerName ? namedContainer(pod, containerName) : container
    return resourceValue(named, resource, divisor as string | undefined, sources.facts)
  }
  if (valueFrom.configMapKeyRef) return keyValue(pod, 'configMap', valueFrom.configMapKeyRef, sources)
  return keyValue(pod, 'secret', valueFrom.secretKeyRef!, sources)
}

interface KeyRef {
  name?: string
  key: string
  optional?: boolean
}

async function keyValue(
  pod: Pod,
  kind: 'configMap' | 'secret',
  { name = '', key, optional }: KeyRef,
  sources: EnvironmentSources,
): Promise<string | undefined> {
  const namespace = pod.metadata.namespace!
  const data = await sources[kind](namespace, name)
  const value = data?.[key]
  if (value !== undefined || optional) return value
  if (!data) throw new ContainerConfigError(`${kind.toLowerCase()} "${name}" not found`)
  const label = kind === 'configMap' ? 'ConfigMap' : 'Secret'
  throw new ContainerConfigError(`couldn't find key ${key} in ${label} ${namespace}/${name}`)
}
