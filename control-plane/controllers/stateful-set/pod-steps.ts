import type { Client, Informer } from '../../../api/client/client.ts'
import type { EventRecorder } from '../../../api/client/event-recorder.ts'
import { persistentVolumeClaims, pods } from '../../../api/kinds/core.ts'
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '../../../api/kinds/types.ts'
import { isAlreadyExists, isNotFound } from '../../../api/meta/status.ts'
import { claimsFor, statefulPod } from './identity.ts'

/** Makes and deletes the Pods of StatefulSets and makes their claims; every step may be taken twice. */
export interface StatefulPodControl {
  create(set: StatefulSet, ordinal: number, revision: ControllerRevision): Promise<void>
  delete(set: StatefulSet, pod: Pod): Promise<void>
}

export function createStatefulPodControl(
  client: Client,
  recorder: EventRecorder,
  claims: Informer<PersistentVolumeClaim>,
): StatefulPodControl {
  /** Runs a step and tells how it went; one that was taken already is told by nobody. */
  async function told(
    set: StatefulSet,
    verb: 'create' | 'delete',
    what: string,
    step: () => Promise<unknown>,
    isDone: (error: unknown) => boolean,
  ): Promise<void> {
    const reason = verb === 'create' ? 'Create' : 'Delete'
    const text = `${verb} ${what} in StatefulSet ${set.metadata.name}`
    try {
      await step()
      recorder.event(
        set,
        'Normal',
        `Successful${reason}`,
        `${text} ${what.startsWith('Claim') ? 'success' : 'successful'}`,
      )
    } catch (error) {
      if (isDone(error)) return
      recorder.event(set, 'Warning', `Failed${reason}`, `${text} failed error: ${(error as Error).message}`)
      throw error
    }
  }
  return {
    async create(set, ordinal, revision) {
      const body = statefulPod(set, ordinal, revision)
      const { name, namespace } = body.metadata
      for (const claim of claimsFor(set, ordinal)) {
        if (claims.get(`${namespace}/${claim.metadata.name}`)) continue
        const what = `Claim ${claim.metadata.name} Pod ${name}`
        const make = () => client.create(persistentVolumeClaims, claim)
        await told(set, 'create', what, make, isAlreadyExists)
      }
      await told(set, 'create', `Pod ${name}`, () => client.create(pods, body as never), isAlreadyExists)
    },
    async delete(set, { metadata }) {
      const preconditions = { uid: metadata.uid! }
      const remove = () => client.delete(pods, metadata, { preconditions })
      await told(set, 'delete', `Pod ${metadata.name}`, remove, isNotFound)
    },
  }
}
