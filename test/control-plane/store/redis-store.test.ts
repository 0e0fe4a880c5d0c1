import test from 'ava'
import { Redis } from 'ioredis'
import { openStore } from '../../../control-plane/store/redis-store.ts'
import { type Change, type Document, StoreError } from '../../../plugins/store.ts'
import { quietLog } from '../../helpers/log.ts'
import { startRedis } from '../../helpers/redis.ts'

const document = (data: unknown): Document => ({
  head: '{"metadata":{"resourceVersion":"',
  tail: Buffer.from(`"},"data":${JSON.stringify(data)}}`),
})
const dataOf = (bytes: Buffer) => JSON.parse(bytes.toString()).data

const redis = await startRedis()
const store = await openStore({ url: redis.url, log: quietLog, logLength: 200 })
test.after.always(async () => {
  await store.close()
  await redis.remove()
})

/** Collects what a subscription delivers; `until` resolves when the condition holds. */
function collect(type: string, after: number) {
  const changes: Change[] = []
  let check = () => {}
  let lost = false
  const stop = store.subscribe(type, after, {
    changes(batch) {
      changes.push(...batch)
      check()
    },
    lost() {
      lost = true
      check()
    },
  })
  const until = (condition: () => boolean) =>
    new Promise<void>(resolve => {
      check = () => condition() && resolve()
      check()
    })
  return { changes, stop, until, isLost: () => lost }
}

test('a put of what is not there gets revision 2, and the bytes hold the revision', async t => {
  t.is(await store.revision('first'), 1)
  const result = await store.put('first', 'ns/a', 0, document(1))
  t.true(result.ok)
  t.is(result.ok && result.revision, 2)
  t.is((await store.get('first', 'ns/a'))?.bytes.toString(), '{"metadata":{"resourceVersion":"2"},"data":1}')
  t.is(await store.revision('first'), 2)
})

test('a write with the wrong revision changes nothing and answers what is there', async t => {
  await store.put('cas', 'a', 0, document('old'))
  const wrong = await store.put('cas', 'a', 7, document('new'))
  t.false(wrong.ok)
  t.is(!wrong.ok && wrong.current?.revision, 2)
  t.deepEqual(await store.put('cas', 'b', 3, document('new')), { ok: false, current: undefined })
  t.false((await store.delete('cas', 'a', 9)).ok)
  t.is(await store.revision('cas'), 2)
  t.is(dataOf((await store.get('cas', 'a'))!.bytes), 'old')
})

test('a deletion carries the last state with the revision of the deletion', async t => {
  await store.put('gone', 'a', 0, document('last'))
  const result = await store.delete('gone', 'a', 2)
  t.is(result.ok && result.bytes.toString(), '{"metadata":{"resourceVersion":"3"},"data":"last"}')
  t.is(await store.get('gone', 'a'), undefined)
})

test('a snapshot holds all documents at one revision', async t => {
  for (let i = 0; i < 20; i++) await store.put('snap', `ns/${i}`, 0, document(i))
  const snapshot = await store.snapshot('snap')
  t.is(snapshot.revision, 21)
  t.is(snapshot.documents.length, 20)
  t.deepEqual(await store.snapshot('empty'), { revision: 1, documents: [] })
})

test('a subscription delivers what was and what comes, in order, and follows types added later', async t => {
  await store.put('feed', 'a', 0, document(1))
  const first = collect('feed', 1)
  await first.until(() => first.changes.length === 1)
  const second = collect('feed2', 1)
  await store.put('feed2', 'x', 0, document(1))
  await second.until(() => second.changes.length === 1)
  await store.put('feed', 'a', 2, document(2))
  await store.delete('feed', 'a', 3)
  await first.until(() => first.changes.length === 3)
  t.deepEqual(
    first.changes.map(change => [change.type, change.revision]),
    [
      ['created', 2],
      ['updated', 3],
      ['deleted', 4],
    ],
  )
  first.stop()
  second.stop()
})

test('a position that was trimmed is said to be gone by log and subscription', async t => {
  await Promise.all(Array.from({ length: 2_000 }, (_, i) => store.put('trim', `k${i}`, 0, document(i))))
  const error = await t.throwsAsync(store.log('trim', 1, 10), { instanceOf: StoreError })
  t.is((error as StoreError).code, 'expired')
  const late = collect('trim', 1)
  await late.until(late.isLost)
  const revision = await store.revision('trim')
  t.is((await store.log('trim', revision - 5, 10)).length, 5)
  t.deepEqual(await store.log('trim', revision, 10), [])
})

test('a dropped type is empty and its followers learn that the log broke off', async t => {
  await store.put('drop', 'a', 0, document(1))
  const follower = collect('drop', 2)
  await store.drop('drop')
  await store.put('drop', 'b', 0, document(2))
  await follower.until(follower.isLost)
  t.is((await store.snapshot('drop')).documents.length, 1)
})

test('a Redis that loses its scripts again and again is given them each time', async t => {
  const client = new Redis(redis.url)
  let isWriting = true
  const flushing = (async () => {
    while (isWriting) await client.script('FLUSH')
    client.disconnect()
  })()
  try {
    for (let i = 0; i < 5; i++) {
      t.true((await store.put('scripts', `ns/${i}`, 0, document(`text ${i} – not ASCII`))).ok)
    }
  } finally {
    isWriting = false
    await flushing
  }
  for (let i = 0; i < 5; i++) {
    t.is(dataOf((await store.get('scripts', `ns/${i}`))!.bytes), `text ${i} – not ASCII`)
  }
})
