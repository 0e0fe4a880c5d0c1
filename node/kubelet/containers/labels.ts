import { createHash } from 'node:crypto'
import type { Container, Pod } from '../../../api/kinds/types.ts'

/** Labels by which what runs is found again after a restart (k8s.io/kubelet's names, so that other tools know them). */
export const POD_NAME = 'io.kubernetes.pod.name'
export const POD_NAMESPACE = 'io.kubernetes.pod.namespace'
export const POD_UID = 'io.kubernetes.pod.uid'
export const CONTAINER_NAME = 'io.kubernetes.container.name'

/** Annotations of containers: what a later kubelet must know and the runtime does not. */
export const RESTART_COUNT = 'io.kubernetes.container.restartCount'
export const CONTAINER_HASH = 'io.kubernetes.container.hash'
export const TERMINATION_PATH = 'io.kubernetes.container.terminationMessagePath'
export const TERMINATION_POLICY = 'io.kubernetes.container.terminationMessagePolicy'
export const GRACE_PERIOD = 'io.kubernetes.pod.terminationGracePeriod'

export const podLabels = ({ metadata }: Pod): Record<string, string> => ({
  [POD_NAME]: metadata.name,
  [POD_NAMESPACE]: metadata.namespace!,
  [POD_UID]: metadata.uid!,
})

/** Changes when a container must be made anew: name, image and how it is run. */
export function containerHash({ name, image }: Container): string {
  return createHash('sha256').update(JSON.stringify({ name, image })).digest('hex').slice(0, 8)
}
