import { isNotFound } from '../../../api/meta/status.ts'
import type { Entry } from '../cache/entry.ts'
import type { Resource } from '../kind-registry.ts'
import type { Core, WriteContext } from './core.ts'
import { checkOptions, type DeleteOptions, remove } from './delete.ts'
import { type ListPage, type ListRequest, list } from './list.ts'
import { fromStored, storageOf } from './storage.ts'

/** Deletions that are under way at the same time. */
const WORKERS = 16

/** Deletes all objects that a list would show, and returns them as they last were. */
export async function removeCollection(
  core: Core,
  resource: Resource,
  request: ListRequest,
  options: DeleteOptions,
  context: WriteContext,
): Promise<ListPage> {
  checkOptions(options)
  const page = await list(resource, request)
  const deleted: Entry[] = []
  const waiting = page.entries.values()
  const work = async () => {
    for (const entry of waiting) {
      const { name, namespace } = entry.object.metadata
      try {
        const target = { name, namespace }
        const removed = await remove(core, storageOf(resource), target, { ...options }, context, resource)
        deleted.push(fromStored(resource, removed.entry))
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, work))
  return { ...page, entries: deleted.sort((a, b) => (a.key < b.key ? -1 : 1)) }
}
