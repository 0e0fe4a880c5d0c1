import type { HealthCheck } from './discovery/health.ts'

const HOOK = 'poststarthook/'

/** What is done at a start, under the names that upstream's health checks have, in their order. */
const STEPS = [
  'start-apiserver-admission-initializer',
  'generic-apiserver-start-informers',
  'priority-and-fairness-config-consumer',
  'priority-and-fairness-filter',
  'max-in-flight-filter',
  'start-apiextensions-informers',
  'start-apiextensions-controllers',
  'crd-informer-synced',
  'start-system-namespaces-controller',
  'start-cluster-authentication-info-controller',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-producer',
  'bootstrap-controller',
  'start-kubernetes-service-cidr-controller',
  'start-kube-aggregator-informers',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-registration-controller',
  'apiservice-wait-for-first-sync',
  'apiservice-discovery-controller',
  'kube-apiserver-autoregistration',
] as const

export type Step = (typeof STEPS)[number]

/** Steps that are taken together. */
export const CUSTOM_STEPS: readonly Step[] = [
  'start-apiextensions-informers',
  'start-apiextensions-controllers',
  'crd-informer-synced',
]
export const AGGREGATION_STEPS: readonly Step[] = [
  'start-kube-aggregator-informers',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-registration-controller',
  'apiservice-wait-for-first-sync',
  'apiservice-discovery-controller',
]
export const FAIRNESS_STEPS: readonly Step[] = [
  'priority-and-fairness-config-consumer',
  'priority-and-fairness-filter',
]
export const LIMIT_STEPS: readonly Step[] = ['max-in-flight-filter']
/** Which steps of a start are done: each is a health check that fails until it is. */
export class Startup {
  readonly #done = new Set<Step>()
  readonly #skipped: ReadonlySet<Step>

  /** `skipped` are steps that this server does not take. */
  constructor(skipped: readonly Step[]) {
    this.#skipped = new Set(skipped)
  }

  /** Resolves with the work, which is all there is to the steps. */
  async run<T>(work: Promise<T> | T, ...steps: Step[]): Promise<T> {
    const result = await work
    for (const step of steps) this.#done.add(step)
    return result
  }

  checks(): HealthCheck[] {
    return STEPS.filter(step => !this.#skipped.has(step)).map(step => ({
      name: HOOK + step,
      isBoot: true,
      check: () => {
        if (!this.#done.has(step)) throw new Error('not finished')
      },
    }))
  }
}
