import type { KindDeclaration } from '../kinds/kind.ts'
import { type ApiObject, objectKey } from '../meta/object.ts'
import { isConflict } from '../meta/status.ts'
import type { InformerFactory } from './client.ts'
import type { InformerScope } from './informer.ts'
import { createWorkQueue, type WorkQueue } from './work-queue.ts'

/** What wakes a controller: a kind, and which keys a change of one of its objects concerns. */
export interface Watched<T extends ApiObject = any> {
  kind: KindDeclaration<T>
  /** Keys to reconcile; the object's own where left out. `old` is there on updates. */
  keys?(object: T, old: T | undefined): string[]
  /** The part of the kind to follow; all of it where left out. */
  scope?: InformerScope
}

/** What `reconcile` may ask for: another look after some milliseconds, whatever happens in between. */
export interface ReconcileResult {
  requeueAfter?: number
}

/**
 * A control loop. `reconcile` is told a key and never what happened: it reads the caches, compares, writes. It may be
 * called at any time, twice, or after a long while. Throwing means: try again later.
 */
export interface Controller {
  name: string
  watches: Watched[]
  reconcile(key: string): Promise<ReconcileResult | undefined | void>
  /** How many keys are worked on at once; 5 where left out. */
  concurrency?: number
}

/** Thrown by `reconcile` when trying again would not help. */
export class TerminalError extends Error {
  readonly code = 'TERMINAL'
}

interface ControllerLog {
  debug(details: object, message: string): void
  warn(details: object, message: string): void
}

export interface ControllerHost {
  informers: InformerFactory
  log: ControllerLog
  signal: AbortSignal
}

/** Runs a controller until the signal aborts: waits for its caches, then works through its queue. */
export async function runController(controller: Controller, host: ControllerHost): Promise<void> {
  const { informers, signal } = host
  const queue = createWorkQueue()
  const off = controller.watches.map(watched => enqueueChanges(watched, informers, queue))
  signal.addEventListener('abort', () => queue.shutDown(), { once: true })
  if (signal.aborted) queue.shutDown()
  const synced = controller.watches.map(({ kind, scope }) => informers.informer(kind, scope).synced())
  await Promise.race([Promise.all(synced), aborted(signal)])
  await Promise.all(Array.from({ length: controller.concurrency ?? 5 }, () => work(controller, queue, host)))
  for (const remove of off) remove()
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

function enqueueChanges(
  { kind, keys, scope }: Watched,
  informers: InformerFactory,
  queue: WorkQueue,
): () => void {
  const enqueue = (object: ApiObject, old?: ApiObject): void => {
    for (const key of keys ? keys(object, old) : [objectKey(object)]) queue.add(key)
  }
  return informers.informer(kind, scope).addHandler({ added: enqueue, updated: enqueue, deleted: enqueue })
}

async function work(
  { name, reconcile }: Controller,
  queue: WorkQueue,
  { log }: ControllerHost,
): Promise<void> {
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    try {
      const result = await reconcile(key)
      queue.forget(key)
      if (result?.requeueAfter !== undefined) queue.addAfter(key, result.requeueAfter)
    } catch (error) {
      reportFailure(log, name, key, error as Error)
      if (error instanceof TerminalError) queue.forget(key)
      else queue.addRateLimited(key)
    } finally {
      queue.done(key)
    }
  }
}

/** A conflict only says that the cache was behind: the next try reads what is there. */
function reportFailure(log: ControllerLog, controller: string, key: string, error: Error): void {
  const details = { controller, key, error: error.message, ...(error.stack && { stack: error.stack }) }
  if (isConflict(error)) log.debug(details, 'conflict, trying again')
  else log.warn(details, 'reconcile failed')
}
