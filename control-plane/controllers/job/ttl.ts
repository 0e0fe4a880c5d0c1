import type { Controller } from '../../../api/client/controller.ts'
import { jobs } from '../../../api/kinds/batch.ts'
import type { Job } from '../../../api/kinds/types.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import type { ControllerContext } from '../context.ts'

/** Removes Jobs that ended so many seconds ago as they say (`ttlSecondsAfterFinished`). */
export function ttlAfterFinishedController({ client, informers }: ControllerContext): Controller {
  const cache = informers.informer(jobs)
  return {
    name: 'ttl-after-finished',
    watches: [{ kind: jobs }],
    async reconcile(key) {
      const job = cache.get(key)
      const wait = job && expiresIn(job, Date.now())
      if (wait === undefined) return
      if (wait > 0) return { requeueAfter: wait }
      // Its time may have been changed a moment ago: what is deleted for good is looked at once more.
      const fresh = await client.get(jobs, job!.metadata).catch(ignoreGone)
      if (!fresh || (expiresIn(fresh, Date.now()) ?? 1) > 0) return
      const preconditions = { uid: fresh.metadata.uid! }
      const options = { propagationPolicy: 'Foreground', preconditions } as const
      await client.delete(jobs, fresh.metadata, options).catch(ignoreGone)
    },
  }
}

/** Milliseconds until a Job is to go; undefined when it is not to go by itself. */
function expiresIn({ metadata, spec, status }: Job, now: number): number | undefined {
  const { ttlSecondsAfterFinished: ttl } = spec
  if (ttl === undefined || ttl === null || metadata.deletionTimestamp) return undefined
  const end = status?.conditions?.find(
    ({ type, status: value }) => value === 'True' && (type === 'Complete' || type === 'Failed'),
  )
  return end && Date.parse(end.lastTransitionTime ?? '') + ttl * 1000 - now
}

function ignoreGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}
