import { type AuditBackend, type AuditReport, type AuditTarget, deliver, giveUpLater } from './backend.ts'
import type { AuditRecord } from './record.ts'
import { TokenBucket } from './token-bucket.ts'

export interface BatchOptions {
  /** Events that may wait; more are lost. */
  bufferSize: number
  /** Events of one batch. */
  maxSize: number
  /** Milliseconds that the first event of a batch waits at most. */
  maxWait: number
  /** Batches a second, and how many at once after a rest. */
  throttle?: { qps: number; burst: number } | undefined
  /** Bytes of one batch. */
  maxBytes?: number | undefined
  /** Batches that may be on their way at the same time. */
  parallel: number
}

/** Bytes of events that wait or are on their way, whatever their number. More are lost. */
const MOST_BYTES = 64 << 20
/** Milliseconds between two lines about events that were lost. */
const TELL_EVERY = 10_000

/** Gathers events and hands them on in batches: requests never wait, memory is bounded. */
export class BatchingBackend implements AuditBackend {
  readonly blocks = false
  readonly #target: AuditTarget
  readonly #options: BatchOptions
  readonly #report: AuditReport
  readonly #bucket: TokenBucket | undefined
  readonly #ending = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  #waiting: AuditRecord[] = []
  #bytes = 0
  /** Runs out when what waits is to go though it makes no whole batch. */
  #timer: NodeJS.Timeout | undefined
  #isDue = false
  #throttled: NodeJS.Timeout | undefined
  #isClosed = false
  #lost = 0
  #told = Number.NEGATIVE_INFINITY

  constructor(target: AuditTarget, options: BatchOptions, report: AuditReport) {
    this.#target = target
    this.#options = options
    this.#report = report
    const { throttle } = options
    this.#bucket = throttle && new TokenBucket(throttle.qps, throttle.burst)
  }

  write(record: AuditRecord): void {
    const { bufferSize, maxSize, maxWait } = this.#options
    if (this.#isClosed) this.#lose('audit backend shut down')
    else if (this.#waiting.length >= bufferSize || this.#bytes > MOST_BYTES) {
      this.#lose('audit buffer queue blocked')
    } else {
      this.#waiting.push(record)
      this.#bytes += record.size
      if (this.#waiting.length >= maxSize) this.#pump()
      else this.#timer ??= setTimeout(() => this.#due(), maxWait)
    }
  }

  #lose(why: string): void {
    this.#report.metrics.failed('buffered', 1)
    this.#lost++
    const now = performance.now()
    if (now - this.#told < TELL_EVERY) return
    this.#report.log.error({ plugin: 'buffered', events: this.#lost, error: why }, 'audit events were lost')
    this.#told = now
    this.#lost = 0
  }

  #due(): void {
    this.#timer = undefined
    this.#isDue = true
    this.#pump()
  }

  /** Sends what is to go, as far as it may. */
  #pump(): void {
    const { maxSize, parallel } = this.#options
    while (this.#waiting.length > 0 && this.#underWay.size < parallel) {
      if (!this.#isDue && this.#waiting.length < maxSize) break
      if (!this.#mayStart()) return
      this.#send(this.#take())
    }
    if (this.#waiting.length > 0) return
    this.#isDue = this.#isClosed
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Whether another batch may start now; if not, it is tried again when one may. */
  #mayStart(): boolean {
    if (!this.#bucket || this.#isClosed) return true
    const wait = this.#bucket.take(performance.now())
    if (wait === 0) return true
    this.#throttled ??= setTimeout(() => {
      this.#throttled = undefined
      this.#pump()
    }, wait)
    return false
  }

  #take(): AuditRecord[] {
    const { maxSize, maxBytes = Number.POSITIVE_INFINITY } = this.#options
    let bytes = 0
    let count = 0
    for (const { size } of this.#waiting) {
      if (count === maxSize || (count > 0 && bytes + size > maxBytes)) break
      bytes += size
      count++
    }
    return this.#waiting.splice(0, count)
  }

  #send(batch: AuditRecord[]): void {
    const sent = deliver(this.#target, batch, this.#report, this.#ending.signal).then(() => {
      this.#underWay.delete(sent)
      for (const { size } of batch) this.#bytes -= size
      this.#pump()
    })
    this.#underWay.add(sent)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#throttled)
    const done = giveUpLater(this.#ending, this.#report)
    this.#isDue = true
    this.#pump()
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
    done()
    await this.#target.close()
  }
}
