import type { Pod } from '../../api/kinds/types.ts'

/** Facts of Pods that several controllers go by. */
export const isReady = ({ status }: Pod): boolean =>
  (status?.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True')

export const isTerminal = ({ status }: Pod): boolean =>
  status?.phase === 'Failed' || status?.phase === 'Succeeded'

/** Counts for its owner: neither over nor going. */
export const isActive = (pod: Pod): boolean => !isTerminal(pod) && !pod.metadata.deletionTimestamp

/** Milliseconds since the epoch at which a Pod became ready; undefined while it is not. */
export function readySince({ status }: Pod): number | undefined {
  const ready = (status?.conditions ?? []).find(
    ({ type, status: value }) => type === 'Ready' && value === 'True',
  )
  return ready?.lastTransitionTime ? Date.parse(ready.lastTransitionTime) : undefined
}

/** Ready for at least `minReadySeconds`. */
export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const since = readySince(pod)
  return since !== undefined && now - since >= minReadySeconds * 1000
}
