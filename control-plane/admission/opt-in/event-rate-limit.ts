import { resourceName } from '../../../api/kinds/kind.ts'
import { tooManyRequests } from '../../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../../plugins/admission.ts'

export const LIMIT_TYPES = ['Server', 'Namespace', 'User', 'SourceAndObject'] as const

/** One limit of an eventratelimit.admission.k8s.io/v1alpha1 Configuration. */
export interface EventLimit {
  type: (typeof LIMIT_TYPES)[number]
  /** Events in a second, in the long run. */
  qps: number
  /** How many may come at once. */
  burst: number
  /** How many buckets are kept (4096). */
  cacheSize?: number
}

const BUCKETS = 4_096
const EVENTS = new Set(['events', 'events.events.k8s.io'])

/** Keeps those who report too much from filling the store with events. `now` gives milliseconds. */
export function eventRateLimit(limits: readonly EventLimit[], now: () => number): AdmissionPlugin {
  const limiters = limits.map(limit => new Limiter(limit))
  return {
    name: 'EventRateLimit',
    handles: ({ operation, kind }) =>
      (operation === 'CREATE' || operation === 'UPDATE') && EVENTS.has(resourceName(kind)),
    validate(attributes) {
      if (attributes.dryRun) return
      const faults = limiters.flatMap(limiter => limiter.faultOf(attributes, now()) ?? [])
      if (faults.length === 0) return
      const unlike = [...new Set(faults)]
      throw tooManyRequests(unlike.length === 1 ? unlike[0]! : `[${unlike.join(', ')}]`, 0)
    },
  }
}

const KEYS: Record<EventLimit['type'], (attributes: AdmissionAttributes) => string> = {
  Server: () => '',
  Namespace: ({ namespace }) => namespace ?? '',
  User: ({ user }) => user.name,
  SourceAndObject: ({ object }) => {
    const { source = {}, involvedObject: about = {} } = object as Record<string, Record<string, string>>
    const { kind, namespace, name, uid, apiVersion } = about
    return [source.component, source.host, kind, namespace, name, uid, apiVersion].join('')
  },
}

/** Token buckets by key; those that were not asked for longest are forgotten. */
class Limiter {
  #limit: EventLimit
  #buckets = new Map<string, { tokens: number; at: number }>()

  constructor(limit: EventLimit) {
    this.#limit = limit
  }

  faultOf(attributes: AdmissionAttributes, now: number): string | undefined {
    const { type, qps, burst } = this.#limit
    const key = KEYS[type](attributes)
    const bucket = this.#bucket(key, now)
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1_000) * qps)
    bucket.at = now
    if (bucket.tokens < 1) return `limit reached on type ${type} for key ${key}`
    bucket.tokens--
    return undefined
  }

  #bucket(key: string, now: number): { tokens: number; at: number } {
    const bucket = this.#buckets.get(key) ?? { tokens: this.#limit.burst, at: now }
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > (this.#limit.cacheSize || BUCKETS)) {
      this.#buckets.delete(this.#buckets.keys().next().value!)
    }
    return bucket
  }
}
