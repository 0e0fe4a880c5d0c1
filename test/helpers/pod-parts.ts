import type { ContainerStatus, Pod } from '../../api/kinds/types.ts'

/** What tests look for in Pods. */

/** A container that does nothing, and ends when it is told to. */
export const sleeper = (name = 'main', more: object = {}): object => ({
  name,
  command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.05; done'],
  ...more,
})

/** A container that runs a script. */
export const shell = (name: string, script: string, more: object = {}): object => ({
  name,
  command: ['sh', '-c', script],
  ...more,
})

export const conditionOf = ({ status }: Pod, type: string) =>
  status?.conditions?.find(condition => condition.type === type)

export const isReady = (pod: Pod): boolean => conditionOf(pod, 'Ready')?.status === 'True'

export const isOver = ({ status }: Pod): boolean =>
  status?.phase === 'Succeeded' || status?.phase === 'Failed'

/** The status of a container of any kind, by name. */
export const statusOf = ({ status }: Pod, name = 'main'): ContainerStatus | undefined =>
  [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ].find(container => container.name === name)

/** The runtime's id of a container. */
export const idOf = (pod: Pod, name = 'main'): string =>
  statusOf(pod, name)?.containerID?.split('://')[1] ?? ''
