import type { Container, Pod } from '../../../api/kinds/types.ts'

type ContainerList = 'containers' | 'initContainers' | 'ephemeralContainers'

/** An init container that keeps running beside the main ones (KEP-753). */
export const isSidecar = (container: object): boolean =>
  (container as { restartPolicy?: string }).restartPolicy === 'Always'

export const ephemeralContainers = ({ spec }: Pod): Container[] =>
  (spec.ephemeralContainers ?? []) as Container[]

/** All containers of a Pod, init containers first. */
export const allContainers = (pod: Pod): Container[] => [
  ...(pod.spec.initContainers ?? []),
  ...pod.spec.containers,
  ...ephemeralContainers(pod),
]

/** As metrics call it. */
export function containerType(
  { spec }: Pod,
  { name }: Container,
): 'container' | 'init_container' | 'ephemeral_container' {
  if (spec.containers.some(container => container.name === name)) return 'container'
  return spec.initContainers?.some(container => container.name === name)
    ? 'init_container'
    : 'ephemeral_container'
}

/** `spec.containers{name}`: how events name a container. */
export function containerPath({ spec }: Pod, name: string): string {
  const has = (list: ContainerList): boolean =>
    (spec[list] as { name: string }[] | undefined)?.some(container => container.name === name) ?? false
  const list: ContainerList = has('initContainers')
    ? 'initContainers'
    : has('ephemeralContainers')
      ? 'ephemeralContainers'
      : 'containers'
  return `spec.${list}{${name}}`
}
