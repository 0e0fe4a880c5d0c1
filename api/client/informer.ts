import type { KindDeclaration } from '../kinds/kind.ts'
import { type ApiObject, objectKey } from '../meta/object.ts'
import { isStatusError } from '../meta/status.ts'
import type { Client, Informer, InformerFactory, WatchOptions } from './client.ts'
import { createObjectCache, type ObjectCache } from './object-cache.ts'
import { pause } from './pause.ts'

/** The part of a collection an informer follows. */
export interface InformerScope {
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  /** Keep only `metadata` of each object. */
  metadataOnly?: boolean
}

export interface InformerOptions {
  /** Called with every failed list or watch; the informer goes on by itself. */
  onError?(kind: KindDeclaration, error: unknown): void
}

const PAGE = 500
const WATCH_SECONDS = 300
/** How much later than agreed a watch may end before it is given up. */
const WATCH_SLACK = 30_000
const FIRST_RETRY = 100
/** While nobody listens asking again costs nobody anything; a server that answers errors is left alone for longer. */
const LONGEST_RETRY = { CONNECTION: 1_000, ANSWERED: 5_000 }
/** A watch that ended sooner is not opened again at once. */
const SHORTEST_WATCH = 1_000

/** Informers that are shared by everyone in the process. They run until the signal aborts. */
export function createInformerFactory(
  client: Client,
  signal: AbortSignal,
  options: InformerOptions = {},
): InformerFactory {
  const informers = new Map<string, Informer<any>>()
  return {
    informer(kind, scope = {}) {
      const known = informers.get(scopeId(kind, scope))
      // What has all of an object has its metadata too.
      const full = scope.metadataOnly
        ? informers.get(scopeId(kind, { ...scope, metadataOnly: false }))
        : undefined
      if (known ?? full) return (known ?? full)!
      const informer = startInformer(client, kind, scope, signal, options)
      informers.set(scopeId(kind, scope), informer)
      return informer
    },
  }
}

function scopeId({ group, version, plural }: KindDeclaration<any>, scope: InformerScope): string {
  const { namespace, labelSelector, fieldSelector, metadataOnly = false } = scope
  return [group, version, plural, namespace, labelSelector, fieldSelector, metadataOnly].join('|')
}

function startInformer<T extends ApiObject>(
  client: Client,
  kind: KindDeclaration<T>,
  scope: InformerScope,
  signal: AbortSignal,
  options: InformerOptions,
): Informer<T> {
  const cache = createObjectCache<T>()
  void follow(client, kind, scope, cache, signal, options)
  return cache
}

/** List, then watch from its revision, for ever. A broken watch goes on from the last revision seen; 410 lists anew. */
async function follow<T extends ApiObject>(
  client: Client,
  kind: KindDeclaration<T>,
  scope: InformerScope,
  cache: ObjectCache<T>,
  signal: AbortSignal,
  { onError }: InformerOptions,
): Promise<void> {
  let revision: string | undefined
  let delay = FIRST_RETRY
  while (!signal.aborted) {
    let longest = LONGEST_RETRY.CONNECTION
    const started = Date.now()
    try {
      revision ??= await fill(client, kind, scope, cache, signal)
      for await (const event of client.watch(kind, watchOptions(scope, revision, signal))) {
        revision = event.object.metadata.resourceVersion ?? revision
        delay = FIRST_RETRY
        cache.apply(event)
      }
    } catch (error) {
      if (signal.aborted) return
      if (isStatusError(error)) longest = LONGEST_RETRY.ANSWERED
      if (isStatusError(error) && error.code === 410) revision = undefined
      else onError?.(kind as KindDeclaration<any>, error)
    }
    if (Date.now() - started > SHORTEST_WATCH) delay = FIRST_RETRY
    await pause(delay * (0.75 + Math.random() / 2), signal)
    delay = Math.min(delay * 2, longest)
  }
}

function watchOptions(scope: InformerScope, resourceVersion: string, signal: AbortSignal): WatchOptions {
  const timeoutSeconds = Math.round(WATCH_SECONDS * (1 + Math.random()))
  const deadline = AbortSignal.timeout(timeoutSeconds * 1000 + WATCH_SLACK)
  return {
    ...scope,
    isTrimmed: true,
    resourceVersion,
    allowWatchBookmarks: true,
    timeoutSeconds,
    signal: AbortSignal.any([signal, deadline]),
  }
}

async function fill<T extends ApiObject>(
  client: Client,
  kind: KindDeclaration<T>,
  scope: InformerScope,
  cache: ObjectCache<T>,
  signal: AbortSignal,
): Promise<string> {
  const objects: T[] = []
  const options = { ...scope, isTrimmed: true, limit: PAGE, signal }
  let page = await client.list(kind, options)
  objects.push(...page.items)
  while (page.metadata.continue) {
    page = await client.list(kind, { ...options, continue: page.metadata.continue })
    objects.push(...page.items)
  }
  cache.replace(new Map(objects.map(object => [objectKey(object), object])))
  return page.metadata.resourceVersion ?? '0'
}
