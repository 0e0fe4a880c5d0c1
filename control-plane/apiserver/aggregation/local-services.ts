import type { Client, InformerFactory } from '../../../api/client/client.ts'
import { type ApiService, apiServices } from '../../../api/kinds/apiregistration.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../../api/meta/status.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import type { KindRegistry } from '../kind-registry.ts'

const MANAGED = 'kube-aggregator.kubernetes.io/automanaged'

/** Priority of each group, and of its versions where that is not 15 (upstream's figures). */
const PRIORITIES: Record<string, number> = {
  '': 18_000,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'apiextensions.k8s.io': 16_700,
  'admissionregistration.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'resource.k8s.io': 16_200,
}
const VERSION_PRIORITIES: Record<string, number> = {
  'v1.': 1,
  'v2.autoscaling': 30,
  'v1.flowcontrol.apiserver.k8s.io': 21,
  'v1.resource.k8s.io': 21,
}
const CUSTOM_GROUP_PRIORITY = 1_000
const CUSTOM_VERSION_PRIORITY = 100
const VERSION_PRIORITY = 15

export interface LocalServicesOptions {
  client: Client
  informers: InformerFactory
  kinds: KindRegistry
  log: Logger
}

/** Keeps an APIService for each group version that is served here, custom ones included. */
export class LocalServices {
  #options: LocalServicesOptions
  #running: Promise<void> | undefined
  #again = false
  /** True once each group version that is served has its APIService. */
  isComplete = false

  constructor(options: LocalServicesOptions) {
    this.#options = options
  }

  /** The first {@link sync}; resolves when it is over. What went wrong is tried again with the next one. */
  async start(): Promise<void> {
    this.sync()
    await this.#running
  }

  /** Brings the APIServices in line with what is served now; calls while that goes on are one more round. */
  sync(): void {
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = this.#round()
      .catch(error =>
        this.#options.log.debug({ error: (error as Error).message }, 'cannot keep local APIServices'),
      )
      .finally(() => {
        this.#running = undefined
        if (!this.#again) return
        this.#again = false
        this.sync()
      })
  }

  async #round(): Promise<void> {
    const { client, informers, kinds } = this.#options
    const informer = informers.informer(apiServices)
    await informer.synced()
    const wanted = new Map<string, object>()
    for (const { kind } of kinds.all()) {
      const name = `${kind.version}.${kind.group}`
      if (kind.group !== 'apiregistration.k8s.io') wanted.set(name, localService(name, kind))
    }
    const missing = [...wanted].filter(([name]) => !informer.get(name))
    await Promise.all(
      missing.map(([, service]) => client.create(apiServices, service).catch(ignore(isAlreadyExists))),
    )
    this.isComplete = true
    for (const { metadata } of informer.list().filter(isOfCustom)) {
      if (wanted.has(metadata.name)) continue
      const preconditions = { uid: metadata.uid! }
      await client.delete(apiServices, metadata, { preconditions }).catch(ignore(isNotFound))
    }
  }
}

const isOfCustom = ({ metadata, spec }: ApiService): boolean =>
  metadata.labels?.[MANAGED] === 'true' && !spec.service

const ignore =
  (isExpected: (error: unknown) => boolean) =>
  (error: unknown): void => {
    if (!isExpected(error) && !isConflict(error)) throw error
  }

function localService(
  name: string,
  { group, version, custom }: { group: string; version: string; custom?: true },
) {
  return {
    metadata: { name, labels: { [MANAGED]: custom ? 'true' : 'onstart' } },
    spec: {
      ...(group && { group }),
      version,
      groupPriorityMinimum: custom ? CUSTOM_GROUP_PRIORITY : (PRIORITIES[group] ?? CUSTOM_GROUP_PRIORITY),
      versionPriority: custom ? CUSTOM_VERSION_PRIORITY : (VERSION_PRIORITIES[name] ?? VERSION_PRIORITY),
    },
  }
}
