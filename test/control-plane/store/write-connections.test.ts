import test, { type ExecutionContext } from 'ava'
import { openTestStore } from '../../helpers/store.ts'
import { dataOf, storeDocument } from '../../helpers/store-load.ts'

async function start(t: ExecutionContext) {
  const { redis, store, control } = await openTestStore(t)
  const writing = async () => {
    const clients = (await control.client('LIST')) as string
    return clients.match(/cmd=(eval|evalsha|script\|load) /g)?.length
  }
  return { redis, store, writing }
}

const LARGE = 6_000

test('few writes go over one connection, many large ones over several', async t => {
  const { store, writing } = await start(t)
  for (let i = 0; i < 20; i++) await store.put('pods', `one/${i}`, 0, storeDocument(i, LARGE))
  await Promise.all(Array.from({ length: 3 }, (_, i) => store.put('pods', `few/${i}`, 0, storeDocument(i))))
  t.is(await writing(), 1)
  const many = Array.from({ length: 64 }, (_, i) =>
    store.put('pods', `many/${i}`, 0, storeDocument(i, LARGE)),
  )
  const results = await Promise.all(many)
  t.is(await writing(), 4)
  const revisions = results.map(result => result.ok && result.revision).sort((a, b) => Number(a) - Number(b))
  t.deepEqual(
    revisions,
    revisions.map((_, i) => i + 25),
  )
  for (let i = 0; i < 64; i++) t.is(dataOf((await store.get('pods', `many/${i}`))!.bytes), i)
})

test('of many writes at once over several connections one wins where they want the same', async t => {
  const { store } = await start(t)
  const results = await Promise.all(
    Array.from({ length: 32 }, (_, i) => store.put('pods', 'same', 0, storeDocument(i, LARGE))),
  )
  t.is(results.filter(({ ok }) => ok).length, 1)
})

test('what connections had to do is forgotten when they break', async t => {
  const { redis, store, writing } = await start(t)
  await Promise.all(
    Array.from({ length: 64 }, (_, i) => store.put('pods', `${i}`, 0, storeDocument(i, LARGE))),
  )
  const write = (i: number) => store.put('pods', `cut/${i}`, 0, storeDocument(i, LARGE))
  const cut = Promise.all(Array.from({ length: 64 }, (_, i) => write(i)))
  await redis.kill()
  redis.start()
  t.true((await cut).every(({ ok }) => ok))
  await redis.kill()
  redis.start()
  for (let i = 100; i < 120; i++) await write(i)
  t.is(await writing(), 1)
})
