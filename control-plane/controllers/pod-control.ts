import type { Client, Informer } from '../../api/client/client.ts'
import type { EventRecorder } from '../../api/client/event-recorder.ts'
import type { Expectations } from '../../api/client/expectations.ts'
import { pods } from '../../api/kinds/core.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import type { Pod, PodTemplateSpec } from '../../api/kinds/types.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import { isNotFound, isStatusError } from '../../api/meta/status.ts'
import { controllerRef, ownerKey } from './owner.ts'

/** Makes and deletes the Pods of one kind of owner, with expectations and events as upstream's controllers have them. */
export interface PodControl {
  /** Follows a Pod cache to see what was asked for come true. */
  observe(cache: Informer<Pod>): void
  /** In batches that double, so that a template nobody can create fails once and not a thousand times. */
  create(key: string, owner: ApiObject, template: PodTemplateSpec, count: number): Promise<void>
  /** The same for Pods that are not all alike (see `podFrom`). */
  createAll(key: string, owner: ApiObject, bodies: readonly PodBody[]): Promise<void>
  delete(key: string, owner: ApiObject, doomed: readonly Pod[]): Promise<void>
}

export interface PodControlOptions {
  client: Client
  recorder: EventRecorder
  owners: KindDeclaration<any>
  expectations: Expectations
}

/** A Pod before it is created. */
export type PodBody = { metadata: Record<string, any>; spec: any } & Record<string, any>

export function createPodControl({ client, recorder, owners, expectations }: PodControlOptions): PodControl {
  const deletionSeen = (pod: Pod): void =>
    expectations.deletionObserved(ownerKey(owners, pod)[0], pod.metadata.uid!)

  async function createOne(key: string, owner: ApiObject, body: PodBody): Promise<void> {
    try {
      const pod = await client.create(pods, body as never)
      recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`)
    } catch (error) {
      expectations.creationObserved(key)
      if (isNamespaceTerminating(error)) return
      recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${(error as Error).message}`)
      throw error
    }
  }
  async function deleteOne(key: string, owner: ApiObject, { metadata }: Pod): Promise<void> {
    try {
      await client.delete(pods, metadata, { preconditions: { uid: metadata.uid! } })
      recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${metadata.name}`)
    } catch (error) {
      expectations.deletionObserved(key, metadata.uid!)
      if (isNotFound(error)) return
      recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${(error as Error).message}`)
      throw error
    }
  }
  async function createAll(key: string, owner: ApiObject, bodies: readonly PodBody[]): Promise<void> {
    const count = bodies.length
    expectations.expectCreations(key, count)
    for (let made = 0, batch = 1; made < count; batch *= 2) {
      const tries = bodies.slice(made, made + batch).map(body => createOne(key, owner, body))
      const failed = (await Promise.allSettled(tries)).find(result => result.status === 'rejected')
      made += tries.length
      if (!failed) continue
      for (let left = made; left < count; left++) expectations.creationObserved(key)
      throw failed.reason
    }
  }
  return {
    observe(cache) {
      cache.addHandler({
        added: pod => expectations.creationObserved(ownerKey(owners, pod)[0]),
        updated: pod => pod.metadata.deletionTimestamp && deletionSeen(pod),
        deleted: deletionSeen,
      })
    },
    create: (key, owner, template, count) => {
      const body = podFrom(template, owner, owners)
      return createAll(key, owner, new Array(count).fill(body))
    },
    createAll,
    async delete(key, owner, doomed) {
      expectations.expectDeletions(
        key,
        doomed.map(({ metadata }) => metadata.uid!),
      )
      const results = await Promise.allSettled(doomed.map(pod => deleteOne(key, owner, pod)))
      const failed = results.find(result => result.status === 'rejected')
      if (failed) throw failed.reason
    },
  }
}

/** A Pod of a template, managed by its owner. */
export function podFrom(template: PodTemplateSpec, owner: ApiObject, owners: KindDeclaration<any>): PodBody {
  const { labels, annotations, finalizers } = template.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      ownerReferences: [controllerRef(owners, owner)],
    },
    spec: template.spec,
  }
}

/** Nothing can be made in a namespace that is going away, and its owners are going too. */
const isNamespaceTerminating = (error: unknown): boolean =>
  isStatusError(error) && error.code === 403 && error.message.endsWith('because it is being terminated')
