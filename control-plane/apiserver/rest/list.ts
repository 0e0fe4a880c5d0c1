import { posix } from 'node:path'
import { badRequest, expired, StatusError } from '../../../api/meta/status.ts'
import type { Entry } from '../cache/entry.ts'
import { compileFilter, type Filter, type FilterOptions, selects } from '../cache/filter.ts'
import type { EntriesView } from '../cache/sorted-entries.ts'
import type { CacheView } from '../cache/watch-cache.ts'
import type { Resource } from '../kind-registry.ts'
import { jsonFault } from '../pipeline/json-fault.ts'
import { storeCall } from './core.ts'
import { checkListOptions, type RevisionOptions } from './list-options.ts'

/** meta/v1 ListOptions as far as a list looks at them. */
export interface ListRequest extends FilterOptions, RevisionOptions {
  limit?: number | undefined
}

/** A page of a list, as it was at `revision`. */
export interface ListPage {
  revision: number
  entries: Entry[]
  continue?: string
  remainingItemCount?: number
}

/** Where the next page begins and at which revision; -1 stands for "whatever is there then". */
interface Continuation {
  revision: number
  start: string
}

const TOO_OLD = 'The resourceVersion for the provided list is too old.'
const CONTINUE_TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

/**
 * Lists objects from memory. Without a resourceVersion the answer holds all that was written before the call.
 * @throws StatusError 400 and 422 on bad options, 410 when the revision of a continued list is gone, 504 …
 */
export async function list(resource: Resource, request: ListRequest): Promise<ListPage> {
  checkListOptions(request)
  const { cache } = resource
  const filter = compileFilter(resource.kind, request)
  const continuation = request.continue ? decodeContinue(request.continue) : undefined
  await reach(cache, request, continuation)
  const { view, revision } = pageView(cache, request, continuation)
  const isWhole = view === undefined
  if (isWhole && filter.nodeName !== undefined && !request.limit) {
    return { revision, entries: cache.onNode(filter.nodeName).filter(entry => selects(filter, entry)) }
  }
  return collect(cache, view ?? cache.view(), revision, filter, request, continuation)
}

/** Waits until the cache holds what the request asks for. */
async function reach(
  cache: CacheView,
  { resourceVersion }: ListRequest,
  continuation: Continuation | undefined,
): Promise<void> {
  if (continuation && continuation.revision > 0) await cache.waitFor(continuation.revision)
  else if (resourceVersion === '0') await cache.ready()
  else if (resourceVersion) await cache.waitFor(Number(resourceVersion))
  else await storeCall(cache.current())
}

/** The contents to list from; no view where the newest will do. */
function pageView(
  cache: CacheView,
  request: ListRequest,
  continuation: Continuation | undefined,
): { view?: EntriesView; revision: number } {
  const { resourceVersion, resourceVersionMatch, limit } = request
  const isExact =
    resourceVersionMatch === 'Exact' || (!resourceVersionMatch && !!limit && !!Number(resourceVersion))
  const wanted = continuation?.revision ?? (isExact ? Number(resourceVersion) : 0)
  if (wanted <= 0 || wanted === cache.revision) return { revision: cache.revision }
  const view = cache.pages.get(wanted)
  if (view) return { view, revision: wanted }
  if (!continuation) throw expired(TOO_OLD)
  const { status } = expired(CONTINUE_TOO_OLD)
  const token = encodeContinue({ revision: -1, start: continuation.start })
  throw new StatusError({ ...status, metadata: { continue: token } })
}

function collect(
  cache: CacheView,
  view: EntriesView,
  revision: number,
  filter: Filter,
  { limit: asked = 0, resourceVersion }: ListRequest,
  continuation: Continuation | undefined,
): ListPage {
  // Upstream gives who takes whatever is there all of it.
  const limit = resourceVersion === '0' && !continuation ? 0 : asked
  const from = continuation && continuation.start > filter.from ? continuation.start : filter.from
  const entries: Entry[] = []
  const { matches } = filter
  const iterator = view.range(from, filter.to)
  for (const entry of iterator) {
    if (matches && !matches(entry.object)) continue
    if (limit <= 0 || entries.length < limit) {
      entries.push(entry)
      continue
    }
    cache.pages.keep(revision, view)
    const start = `${entries.at(-1)!.key}\0`
    const page = { revision, entries, continue: encodeContinue({ revision, start }) }
    if (matches) return page
    let remainingItemCount = 1
    for (const _ of iterator) remainingItemCount++
    return { ...page, remainingItemCount: remainingItemCount }
  }
  return { revision, entries }
}

function encodeContinue({ revision, start }: Continuation): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url')
}

/** @throws StatusError 400 */
function decodeContinue(token: string): Continuation {
  const odd = /[^\w-]/.exec(token)?.index ?? (token.length % 4 === 1 ? token.length - 1 : undefined)
  if (odd !== undefined) throw badToken(`: illegal base64 data at input byte ${odd}`)
  let content: { v?: unknown; rv?: unknown; start?: unknown } | null
  const text = Buffer.from(token, 'base64url')
  try {
    content = JSON.parse(text.toString())
  } catch {
    throw badToken(`: ${jsonFault(text)}`)
  }
  const { v, rv = 0, start = '' } = content ?? {}
  if (v !== 'meta.k8s.io/v1') throw badToken(`: server does not recognize this encoded version ${v ?? ''}`)
  if (!Number.isSafeInteger(rv) || rv === 0) {
    throw badToken(': incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  }
  if (typeof start !== 'string' || start === '') {
    throw badToken(': encoded start key empty (version meta.k8s.io/v1)')
  }
  const key = start.startsWith('/') ? start : `/${start}`
  if (posix.normalize(key) !== key) throw badToken(`: ${start}`)
  return { revision: rv as number, start }
}

const badToken = (why: string): StatusError =>
  badRequest(`invalid continue token: continue key is not valid${why}`)
