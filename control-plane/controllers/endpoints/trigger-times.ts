import type { Pod, Service } from '../../../api/kinds/types.ts'
import { objectKey } from '../../../api/meta/object.ts'

/** When what an Endpoints object or a slice tells of has changed (meta/v1 Time): how late it is can be measured by it. */
export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time'

/** Knows for each Service what made its endpoints change since it was last asked. */
export interface TriggerTimes {
  /**
   * The earliest change since the last call: of a Service that is new its creation, else the last time that a Pod became
   * ready or ceased to be; nothing where neither changed.
   */
  next(service: Service, pods: readonly Pod[]): string | undefined
  forget(key: string): void
}

interface State {
  service: string
  pods: ReadonlyMap<string, string>
}

export function createTriggerTimes(): TriggerTimes {
  const states = new Map<string, State>()
  return {
    next(service, pods) {
      const key = objectKey(service)
      const before = states.get(key)
      const created = service.metadata.creationTimestamp ?? ''
      const state = { service: created, pods: new Map(pods.flatMap(readySince)) }
      states.set(key, state)
      if (!before) return created || undefined
      const changed = [...state.pods].filter(([name, time]) => time > (before.pods.get(name) ?? ''))
      const times = changed.map(([, time]) => time)
      if (created > before.service) times.push(created)
      return times.sort()[0]
    },
    forget: key => void states.delete(key),
  }
}

function readySince({ metadata, status }: Pod): [string, string][] {
  const ready = (status?.conditions ?? []).find(({ type }) => type === 'Ready')
  return ready?.lastTransitionTime ? [[metadata.name, ready.lastTransitionTime as string]] : []
}

/** Annotations with the time of the change, or without that of an earlier one. */
export function withTriggerTime(
  annotations: Record<string, string> | undefined,
  time: string | undefined,
): Record<string, string> | undefined {
  const { [TRIGGER_TIME]: _, ...others } = annotations ?? {}
  const next = time ? { ...others, [TRIGGER_TIME]: time } : others
  return Object.keys(next).length > 0 ? next : undefined
}
