import { pods } from '../../../api/kinds/core.ts'
import type { Pod, PodStatus } from '../../../api/kinds/types.ts'
import { isConflict, isNotFound } from '../../../api/meta/status.ts'
import type { PodContext } from '../pods/context.ts'
import { statusPatch } from './status-patch.ts'

/**
 * Writes the status of one Pod, always the newest and one write at a time, and goes on until the server has it: nobody
 * who looks after containers waits for the API server.
 */
export interface StatusWriter {
  /** What the server is to have; undefined before the first report. */
  readonly wanted: PodStatus | undefined
  report(status: PodStatus): void
  /** The server's state as a watch tells it: what others changed of ours is written again. */
  saw(pod: Pod): void
  /** Resolves when the server has what is wanted, or the Pod is no longer there. */
  flush(): Promise<void>
  stop(): void
}

const FIRST_RETRY = 100
const LONGEST_RETRY = 5_000

export function createStatusWriter({ client, log }: PodContext, first: Pod): StatusWriter {
  const { name, namespace, uid } = first.metadata
  let wanted: PodStatus | undefined
  let server = first
  let isGone = false
  let writing: Promise<void> | undefined
  let retry = FIRST_RETRY

  /** True when more is wanted by now. */
  const writeOnce = async (): Promise<boolean> => {
    const sent = wanted
    const body = sent && statusPatch(server.status ?? {}, sent)
    if (!body || isGone) return false
    const patch = { type: 'strategic', body: { metadata: { uid }, status: body } } as const
    server = await client.patch(pods, { name, namespace }, patch, { subresource: 'status' })
    retry = FIRST_RETRY
    return wanted !== sent
  }
  const keepWriting = async (): Promise<void> => {
    for (let hasMore = true; hasMore; ) {
      try {
        hasMore = await writeOnce()
      } catch (error) {
        // A conflict is another Pod of the same name: ours is gone.
        if (isNotFound(error) || isConflict(error)) isGone = true
        log.debug({ pod: `${namespace}/${name}`, error: (error as Error).message }, 'pod status not written')
        if (!isGone) await new Promise(resolve => setTimeout(resolve, retry).unref())
        retry = Math.min(retry * 2, LONGEST_RETRY)
      }
    }
    writing = undefined
  }
  const write = (): void => {
    writing ??= keepWriting()
  }
  return {
    get wanted() {
      return wanted
    },
    report(status) {
      wanted = status
      write()
    },
    saw(pod) {
      if (isOlder(pod, server)) return
      server = pod
      if (wanted) write()
    },
    async flush() {
      while (writing) await writing
    },
    stop() {
      isGone = true
    },
  }
}

/** Revisions of one resource type rise, as far as they are numbers at all. */
function isOlder(a: Pod, b: Pod): boolean {
  return Number(a.metadata.resourceVersion) <= Number(b.metadata.resourceVersion)
}
