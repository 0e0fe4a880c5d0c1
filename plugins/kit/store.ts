import assert from 'node:assert/strict'
import { type Change, type Document, REVISION_MARK, type StorePlugin, type WriteResult } from '../store.ts'
import type { Check } from './check.ts'

/** How long a change may take to be delivered. Milliseconds. */
const DELIVERY = 60_000

/** One requirement; `run` rejects with what is wrong. */
export interface StoreCheck {
  title: string
  run(store: StorePlugin): Promise<void>
}

/** The contract of `plugins/store.ts`. */
export async function testStore(store: StorePlugin, check: Check): Promise<void> {
  for (const { title, run } of storeChecks) await check(title, () => run(store))
}

const check = (title: string, run: (store: StorePlugin, type: string) => Promise<void>): StoreCheck => ({
  title,
  run: store => run(store, `check-${Date.now()}-${Math.random().toString(36).slice(2)}.example.com`),
})

/** The same one by one, for a test runner. They can run at the same time on one store: each has a type of its own. */
export const storeChecks: StoreCheck[] = [
  check('a type nobody wrote is empty at revision 1', async (store, type) => {
    assert.equal(await store.revision(type), 1)
    assert.deepEqual(await store.snapshot(type), { revision: 1, documents: [] })
    assert.equal(await store.get(type, 'a'), undefined)
    assert.deepEqual(await store.log(type, 1, 10), [])
  }),

  check('what was put is there, with its revision in its bytes', async (store, type) => {
    const revision = written(await store.put(type, 'ns/a', 0, document('one')))
    const found = await store.get(type, 'ns/a')
    assert.equal(found?.key, 'ns/a')
    assert.equal(found.revision, revision)
    assert.equal(found.bytes.toString(), `{"metadata":{"resourceVersion":"${revision}"},"data":"one"}`)
    assert.equal(await store.revision(type), revision)
  }),

  check(
    'revisions rise by one with each write of a type, deletions too, and not with those of others',
    async (store, type) => {
      const first = written(await store.put(type, 'a', 0, document(1)))
      written(await store.put(`other-${type}`, 'a', 0, document(1)))
      assert.equal(written(await store.put(type, 'b', 0, document(2))), first + 1)
      assert.equal(written(await store.put(type, 'a', first, document(3))), first + 2)
      assert.equal(written(await store.delete(type, 'b', first + 1)), first + 3)
      assert.equal(await store.revision(type), first + 3)
    },
  ),

  check(
    'a write that expects another revision changes nothing and is told what is there',
    async (store, type) => {
      const revision = written(await store.put(type, 'a', 0, document('mine')))
      for (const refused of [
        await store.put(type, 'a', 0, document('new')),
        await store.put(type, 'a', revision + 1, document('new')),
        await store.delete(type, 'a', revision + 1),
      ]) {
        assert.equal(refused.ok, false)
        assert.equal(dataOf((refused as { current: { bytes: Buffer } }).current.bytes), 'mine')
      }
      assert.deepEqual(await store.put(type, 'b', 7, document('new')), { ok: false, current: undefined })
      assert.deepEqual(await store.delete(type, 'b', 7), { ok: false, current: undefined })
      assert.equal(await store.revision(type), revision)
    },
  ),

  check('of many writers that expect the same one wins', async (store, type) => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.put(type, 'a', 0, document(i))),
    )
    assert.equal(results.filter(result => result.ok).length, 1)
    const winner = results.findIndex(result => result.ok)
    assert.equal(dataOf((await store.get(type, 'a'))!.bytes), winner)
  }),

  check('a deletion answers the last state with the revision of the deletion', async (store, type) => {
    const revision = written(await store.put(type, 'a', 0, document('last')))
    const result = await store.delete(type, 'a', revision)
    assert.equal(written(result), revision + 1)
    assert.equal(revisionIn((result as { bytes: Buffer }).bytes), revision + 1)
    assert.equal(dataOf((result as { bytes: Buffer }).bytes), 'last')
    assert.equal(await store.get(type, 'a'), undefined)
    assert.equal(written(await store.put(type, 'a', 0, document('again'))), revision + 2)
  }),

  check('a snapshot holds all documents and the revision they are at', async (store, type) => {
    const revisions = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => written(await store.put(type, `ns/${i}`, 0, document(i)))),
    )
    const { revision, documents } = await store.snapshot(type)
    assert.equal(revision, Math.max(...revisions))
    assert.equal(documents.length, 50)
    for (const found of documents) assert.equal(revisionIn(found.bytes), found.revision)
  }),

  check('documents may hold any bytes and be large, keys any characters', async (store, type) => {
    const every = Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => i & 255))
    const keys = ['ns/ä ö {x}:obj', '_', 'a'.repeat(253)]
    for (const key of keys) {
      const result = await store.put(type, key, 0, { head: HEAD, tail: every })
      const expected = Buffer.concat([Buffer.from(HEAD + written(result)), every])
      assert.ok((result as { bytes: Buffer }).bytes.equals(expected))
      assert.ok((await store.get(type, key))!.bytes.equals(expected))
    }
    const { documents } = await store.snapshot(type)
    assert.deepEqual(documents.map(({ key }) => key).sort(), keys.sort())
  }),

  check('the log tells of every write in order, a page at a time', async (store, type) => {
    const start = written(await store.put(type, 'a', 0, document(1)))
    await store.put(type, 'a', start, document(2))
    await store.delete(type, 'a', start + 1)
    const changes = [...(await store.log(type, start - 1, 2)), ...(await store.log(type, start + 1, 2))]
    assert.deepEqual(changes.map(summary), [
      ['created', 'a', start, 1],
      ['updated', 'a', start + 1, 2],
      ['deleted', 'a', start + 2, 2],
    ])
    assert.deepEqual(await store.log(type, start + 2, 10), [])
  }),

  check(
    'the log never leaves a change out: what is no longer in it is said to be gone',
    async (store, type) => {
      const revisions: number[] = []
      // Not all at once: of so much work in one turn a busy machine makes seconds in which no answer is read.
      while (revisions.length < 6_000) {
        const from = revisions.length
        const write = async (_: unknown, i: number) =>
          written(await store.put(type, `${from + i}`, 0, document(from + i)))
        revisions.push(...(await Promise.all(Array.from({ length: 100 }, write))))
      }
      const [first, last] = [Math.min(...revisions), Math.max(...revisions)]
      let after = first - 1
      while (after < last) {
        const page = await store.log(type, after, 500).catch(error => {
          assert.equal(error.code, 'expired')
          return undefined
        })
        if (!page) break
        assert.deepEqual(
          page.map(({ revision }) => revision),
          range(after + 1, after + page.length),
        )
        after = page.at(-1)!.revision
      }
      assert.equal((await store.log(type, last - 10, 100)).length, 10)
    },
  ),

  check('a subscription delivers what was and what comes, in order, once each', async (store, type) => {
    const start = written(await store.put(type, 'a', 0, document(0)))
    const [one, two] = [follow(store, type, start - 1), follow(store, type, start)]
    const writes = Array.from({ length: 300 }, (_, i) => store.put(type, `${i}`, 0, document(i)))
    await Promise.all(writes)
    await one.reached(start + 300)
    await two.reached(start + 300)
    assert.deepEqual(
      one.changes.map(({ revision }) => revision),
      range(start, start + 300),
    )
    assert.deepEqual(
      two.changes.map(({ revision }) => revision),
      range(start + 1, start + 300),
    )
    for (const change of one.changes) assert.equal(revisionIn(change.bytes), change.revision)
    one.stop()
    await store.put(type, 'last', 0, document('last'))
    await two.reached(start + 301)
    assert.equal(one.changes.length, 301)
    two.stop()
  }),

  check(
    'a type that is dropped is empty, its revisions go on, and its followers start anew',
    async (store, type) => {
      const revision = written(await store.put(type, 'a', 0, document(1)))
      const follower = follow(store, type, revision)
      await store.drop(type)
      assert.deepEqual((await store.snapshot(type)).documents, [])
      const next = written(await store.put(type, 'b', 0, document(2)))
      assert.ok(next > revision + 1, 'the gap shows')
      await follower.lost()
      assert.deepEqual(follower.changes, [])
      await assert.rejects(store.log(type, revision, 10), { code: 'expired' })
    },
  ),

  check('a store that can be backed up lists its types and lets revisions leap', async (store, type) => {
    if (!store.types || !store.advance) return
    const revision = written(await store.put(type, 'a', 0, document(1)))
    assert.equal((await store.types()).get(type), revision)
    const follower = follow(store, type, revision)
    await store.advance(type, revision + 1_000)
    assert.equal(await store.revision(type), revision + 1_000)
    await store.advance(type, revision)
    assert.equal(await store.revision(type), revision + 1_000)
    assert.equal(dataOf((await store.get(type, 'a'))!.bytes), 1)
    assert.equal(written(await store.put(type, 'b', 0, document(2))), revision + 1_001)
    await follower.lost()
    await assert.rejects(store.log(type, revision, 10), { code: 'expired' })
  }),

  check('a store that is well answers a ping', store => store.ping()),
]

const HEAD = `{"metadata":{${REVISION_MARK}`

const document = (data: unknown): Document => ({
  head: HEAD,
  tail: Buffer.from(`"},"data":${JSON.stringify(data)}}`),
})

const dataOf = (bytes: Buffer): unknown => JSON.parse(bytes.toString()).data

const revisionIn = (bytes: Buffer): number => Number(JSON.parse(bytes.toString()).metadata.resourceVersion)

const summary = ({ type, key, revision, bytes }: Change) => [type, key, revision, dataOf(bytes)]

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** The revision of a write that must have been done. */
function written(result: WriteResult): number {
  assert.equal(result.ok, true, 'the write was refused')
  return (result as { revision: number }).revision
}

/** Collects what a subscription delivers. */
function follow(store: StorePlugin, type: string, after: number) {
  const changes: Change[] = []
  const lost = Promise.withResolvers<void>()
  let look = () => {}
  const stop = store.subscribe(type, after, {
    changes(batch) {
      changes.push(...batch)
      look()
    },
    lost: () => lost.resolve(),
  })
  const reached = (revision: number) =>
    new Promise<void>(resolve => {
      look = () => (changes.at(-1)?.revision ?? after) >= revision && resolve()
      look()
    })
  return {
    changes,
    stop,
    reached: (revision: number) => within(reached(revision), `change ${revision} was delivered`),
    lost: () => within(lost.promise, 'the follower was told that changes are lost'),
  }
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${DELIVERY / 1000} s: ${what}`)), DELIVERY)
  })
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
