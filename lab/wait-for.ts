import type { Client, ObjectName } from '../api/client/client.ts'
import type { KindDeclaration } from '../api/kinds/kind.ts'
import type { ApiObject } from '../api/meta/object.ts'

interface WaitOptions {
  /** Ends the sentence "timed out waiting for …". */
  what: string
  /** Milliseconds. */
  deadline: number
}

/**
 * Waits by watch until an object meets a condition, and returns it.
 * @throws Error naming what was waited for when the deadline passes.
 */
export async function waitFor<T extends ApiObject>(
  client: Client,
  kind: KindDeclaration<T>,
  { name, namespace }: ObjectName,
  condition: (object: T) => boolean,
  { what, deadline }: WaitOptions,
): Promise<T> {
  const signal = AbortSignal.timeout(deadline)
  const scope = { namespace, fieldSelector: `metadata.name=${name}`, signal }
  try {
    while (true) {
      const list = await client.list(kind, scope)
      const there = list.items.find(condition)
      if (there) return there
      const resourceVersion = list.metadata.resourceVersion ?? '0'
      for await (const event of client.watch(kind, { ...scope, resourceVersion })) {
        if (event.type !== 'DELETED' && event.type !== 'BOOKMARK' && condition(event.object))
          return event.object
      }
    }
  } catch (cause) {
    if (!signal.aborted) throw cause
    throw new Error(`timed out after ${deadline / 1000} s waiting for ${what}`, { cause })
  }
}
