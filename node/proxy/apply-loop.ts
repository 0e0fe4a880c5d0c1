import type { Logger } from '../../plugins/plugin.ts'
import type { ProxyNode, ServicePortModel, ServiceProxy } from '../../plugins/proxy.ts'
import { diffModels, type ServiceModels } from './model.ts'

export interface ApplyLoopOptions {
  plugin: ServiceProxy
  node: ProxyNode
  /** Names of all Services there are now (`namespace/name`). */
  services(): Iterable<string>
  /** What must hold for a Service now; empty when it is gone. */
  modelsOf(service: string): ServiceModels
  /** Called after each batch that holds. `since` is when its first change was seen (`performance.now()`). */
  applied(batch: { set: number; removed: number; since: number }): void
  /** Called with what the plugin rejected a batch with. */
  failed(error: Error): void
  log: Logger
  signal: AbortSignal
}

interface Batch {
  full: boolean
  set: ServicePortModel[]
  removed: string[]
  /** What holds for each Service once the batch is applied. */
  next: Map<string, ServiceModels>
  since: number
}

const FIRST_RETRY = 100
const LONGEST_RETRY = 30_000
const INTACT_CHECK_EVERY = 30_000
const NONE: ServiceModels = new Map()

/**
 * Brings differences to the plugin: one batch at a time, each as soon as the one before is done, so that a lone change
 * goes out at once and a storm is gathered by itself.
 */
export class ApplyLoop {
  readonly #options: ApplyLoopOptions
  /** What the plugin holds, by Service. */
  readonly #holding = new Map<string, ServiceModels>()
  readonly #dirty = new Set<string>()
  readonly #started = Promise.withResolvers<void>()
  readonly #intactTimer: NodeJS.Timeout
  #dirtySince = 0
  #needsFull = true
  #retryDelay = 0
  #underWay: Promise<void> | undefined
  #cancelNext: (() => void) | undefined
  #isOpen = false

  constructor(options: ApplyLoopOptions) {
    this.#options = options
    this.#started.promise.catch(() => {})
    this.#intactTimer = setInterval(() => void this.#checkIntact(), INTACT_CHECK_EVERY)
    this.#intactTimer.unref()
  }

  /** Says that a Service (`namespace/name`) may have changed. Cheap; may be called for every event. */
  touch(service: string): void {
    this.#dirty.add(service)
    this.#dirtySince ||= performance.now()
    this.#schedule()
  }

  /** Begins with everything. Resolves when all that is there now holds; rejects when stopped before that. */
  start(): Promise<void> {
    this.#isOpen = !this.#options.signal.aborted
    if (this.#isOpen) this.#schedule()
    else this.#started.reject(this.#options.signal.reason)
    return this.#started.promise
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isOpen = false
    clearInterval(this.#intactTimer)
    this.#cancelNext?.()
    this.#started.reject(new Error('the service proxy was stopped'))
    await this.#underWay
  }

  #schedule(): void {
    if (!this.#isOpen || this.#underWay || this.#cancelNext) return
    this.#cancelNext = runAfter(this.#retryDelay, () => {
      this.#cancelNext = undefined
      this.#underWay = this.#step().finally(() => {
        this.#underWay = undefined
        if (this.#needsFull || this.#dirty.size > 0) this.#schedule()
      })
    })
  }

  async #step(): Promise<void> {
    const batch = this.#takeBatch()
    try {
      await apply(this.#options, batch)
      commit(this.#holding, batch)
      this.#retryDelay = 0
      this.#started.resolve()
    } catch (error) {
      this.#putBack(batch, error as Error)
    }
  }

  #takeBatch(): Batch {
    const batch = this.#needsFull
      ? fullBatch(this.#options)
      : changedBatch(this.#options, this.#holding, this.#dirty)
    batch.since = this.#dirtySince || performance.now()
    this.#dirty.clear()
    this.#dirtySince = 0
    this.#needsFull = false
    return batch
  }

  /** What could not be applied comes again; a lost state does so at once. */
  #putBack(batch: Batch, error: Error): void {
    const { failed, log } = this.#options
    const isLost = !batch.full && (error as { code?: unknown }).code === 'PROXY_STATE_LOST'
    for (const service of batch.next.keys()) this.#dirty.add(service)
    this.#dirtySince = batch.since
    this.#needsFull ||= batch.full || isLost
    if (isLost) {
      log.info({ error: error.message }, 'service rules are lost, making them anew')
      return
    }
    failed(error)
    this.#retryDelay = Math.min(this.#retryDelay * 2 || FIRST_RETRY, LONGEST_RETRY)
    const details = { error: error.message, retryIn: this.#retryDelay / 1000 }
    log.error(details, 'service rules could not be applied')
  }

  async #checkIntact(): Promise<void> {
    const { plugin, log } = this.#options
    if (!this.#isOpen || this.#underWay || !plugin.isIntact) return
    try {
      if ((await plugin.isIntact()) || this.#underWay) return
      log.warn({}, 'service rules were removed by somebody else, making them anew')
      this.#needsFull = true
      this.#schedule()
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'service rules could not be checked')
    }
  }
}

/** Without delay it runs after the events that are there already. Returns what cancels it. */
function runAfter(milliseconds: number, run: () => void): () => void {
  if (milliseconds > 0) {
    const timer = setTimeout(run, milliseconds)
    return () => clearTimeout(timer)
  }
  const immediate = setImmediate(run)
  return () => clearImmediate(immediate)
}

function fullBatch({ services, modelsOf }: ApplyLoopOptions): Batch {
  const next = new Map([...services()].map(service => [service, modelsOf(service)]))
  const set = [...next.values()].flatMap(models => [...models.values()])
  return { full: true, set, removed: [], next, since: 0 }
}

function changedBatch(
  { modelsOf }: ApplyLoopOptions,
  holding: Map<string, ServiceModels>,
  dirty: Set<string>,
): Batch {
  const batch: Batch = { full: false, set: [], removed: [], next: new Map(), since: 0 }
  for (const service of dirty) {
    const models = modelsOf(service)
    const { set, removed } = diffModels(holding.get(service) ?? NONE, models)
    batch.next.set(service, models)
    batch.set.push(...set)
    batch.removed.push(...removed)
  }
  return batch
}

async function apply({ plugin, node, applied }: ApplyLoopOptions, batch: Batch): Promise<void> {
  const { full, set, removed, since } = batch
  if (!full && set.length === 0 && removed.length === 0) return
  await plugin.apply({ full, node, set, removed })
  applied({ set: set.length, removed: removed.length, since })
}

function commit(holding: Map<string, ServiceModels>, { full, next }: Batch): void {
  if (full) holding.clear()
  for (const [service, models] of next) {
    if (models.size > 0) holding.set(service, models)
    else holding.delete(service)
  }
}
