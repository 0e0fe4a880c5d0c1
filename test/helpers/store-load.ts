import type { ExecutionContext } from 'ava'
import type { Change, Document, StorePlugin } from '../../plugins/store.ts'

export const storeDocument = (data: unknown, fill = 500): Document => ({
  head: '{"metadata":{"resourceVersion":"',
  tail: Buffer.from(`"},"data":${JSON.stringify(data)},"fill":"${'x'.repeat(fill)}"}`),
})

export const dataOf = (bytes: Buffer): unknown => JSON.parse(bytes.toString()).data

interface Acknowledged {
  revision: number
  /** What it wrote; undefined for a deletion. */
  value: string | undefined
}

/**
 * Writers that create, update and delete a document each, and one that follows all of it, while a store is disturbed. Each
 * write's answer is noted, and checked at the end against what the store holds and what the follower saw.
 */
export class StoreLoad {
  /** Writes answered so far. */
  answered = 0
  /** Writes answered by an error: it is not known whether they were done. */
  unknown = 0
  /** How often the follower had to start anew. */
  restarts = 0
  #t: ExecutionContext
  #store: StorePlugin
  #type: string
  #history = new Map<string, Acknowledged[]>()
  #seen: Change[] = []
  #model = new Map<string, string>()
  #position = 1
  #since = 0
  #running = true
  #writers: Promise<void>[]
  #stop = () => {}
  #notify = () => {}

  constructor(t: ExecutionContext, store: StorePlugin, type: string, writers = 16) {
    this.#t = t
    this.#store = store
    this.#type = type
    this.#follow(1)
    this.#writers = Array.from({ length: writers }, (_, index) => this.#write(`writer-${index}`))
  }

  /** Resolves when so many more writes were answered. */
  async progress(writes: number): Promise<void> {
    const goal = this.answered + writes
    for (const end = Date.now() + 120_000; this.answered < goal; ) {
      if (Date.now() > end) throw new Error('no write was answered for two minutes')
      await new Promise(resolve => setTimeout(resolve, 2))
    }
  }

  /** Ends the writers. */
  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#writers)
  }

  /** Ends the writers and checks everything. */
  async check(): Promise<void> {
    await this.stop()
    await this.#caughtUp()
    this.#stop()
    const { documents } = await this.#store.snapshot(this.#type)
    const stored = new Map(documents.map(({ key, bytes }) => [key, String(dataOf(bytes))]))
    this.#t.deepEqual(sorted(this.#model), sorted(stored), 'the follower arrived at what is stored')
    this.#checkStored(stored)
    this.#checkSeen()
  }

  async #write(name: string): Promise<void> {
    const history: Acknowledged[] = []
    this.#history.set(name, history)
    for (let step = 0, revision = 0; this.#running; step++) {
      const isDeletion = revision > 0 && step % 7 === 6
      const value = isDeletion ? undefined : `${name} ${step}`
      try {
        const result = isDeletion
          ? await this.#store.delete(this.#type, name, revision)
          : await this.#store.put(this.#type, name, revision, storeDocument(value))
        if (!result.ok) {
          this.#t.fail(`${name}: conflict with its own write ${step}`)
          return
        }
        history.push({ revision: result.revision, value })
        revision = isDeletion ? 0 : result.revision
        this.answered++
      } catch {
        this.unknown++
        revision = await this.#lookUp(name)
      }
    }
  }

  /** After an answer that says "unknown" the writer looks what became of its write. */
  async #lookUp(name: string): Promise<number> {
    for (;;) {
      try {
        return (await this.#store.get(this.#type, name))?.revision ?? 0
      } catch {
        if (!this.#running) return 0
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
  }

  #follow(after: number): void {
    this.#position = after
    this.#stop = this.#store.subscribe(this.#type, after, {
      changes: batch => this.#take(batch),
      lost: () => void this.#restart(),
    })
  }

  #take(batch: Change[]): void {
    for (const change of batch) {
      this.#t.is(change.revision, this.#position + 1, 'no change is missing or doubled')
      this.#position = change.revision
      if (change.type === 'deleted') this.#model.delete(change.key)
      else this.#model.set(change.key, String(dataOf(change.bytes)))
    }
    this.#seen.push(...batch)
    this.#notify()
  }

  async #restart(): Promise<void> {
    this.restarts++
    for (;;) {
      try {
        const { revision, documents } = await this.#store.snapshot(this.#type)
        this.#model = new Map(documents.map(({ key, bytes }) => [key, String(dataOf(bytes))]))
        this.#since = this.#seen.length
        this.#follow(revision)
        this.#notify()
        return
      } catch {
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
  }

  async #caughtUp(): Promise<void> {
    const last = await this.#store.revision(this.#type)
    const late = setTimeout(() => this.#t.fail(`the follower stays at ${this.#position} of ${last}`), 120_000)
    await new Promise<void>(resolve => {
      late.unref()
      this.#notify = () => this.#position >= last && resolve()
      this.#notify()
    })
    clearTimeout(late)
  }

  /** Of each document the last acknowledged state is there (or one whose answer never came, after it). */
  #checkStored(stored: Map<string, string>): void {
    for (const [name, history] of this.#history) {
      const last = history.at(-1)
      const now = stored.get(name)
      if (last?.value === now) continue
      const isLater = this.unknown > 0 && (now === undefined || stepOf(now) > stepOf(last?.value))
      this.#t.true(isLater, `${name}: acknowledged ${last?.value}, stored ${now}`)
    }
  }

  /** Each acknowledged write was seen once, with what it wrote (as far as the follower did not have to start anew). */
  #checkSeen(): void {
    const seen = new Map(this.#seen.map(change => [change.revision, change]))
    const from = this.restarts === 0 ? 0 : (this.#seen[this.#since]?.revision ?? Number.POSITIVE_INFINITY)
    for (const [name, history] of this.#history) {
      for (const { revision, value } of history) {
        if (revision < from) continue
        const change = seen.get(revision)
        this.#t.is(change?.key, name)
        if (value !== undefined) this.#t.is(dataOf(change!.bytes), value)
        else this.#t.is(change?.type, 'deleted')
      }
    }
  }
}

const sorted = (model: Map<string, string>): string[][] => [...model].sort(([a], [b]) => (a < b ? -1 : 1))

const stepOf = (value: string | undefined): number => (value ? Number(value.split(' ')[1]) : -1)
