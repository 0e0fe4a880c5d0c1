import test from 'ava'
import type { Route } from '../../../control-plane/store/call.ts'
import { Connection } from '../../../control-plane/store/connection.ts'
import { TieredFeed } from '../../../control-plane/store/tiered-feed.ts'
import { quietLog } from '../../helpers/log.ts'
import { openTestStore } from '../../helpers/store.ts'
import { storeDocument } from '../../helpers/store-load.ts'

const TYPES = 60

test('of many types that are followed those that change are read alone, and no change is missed on the way', async t => {
  const { store } = await openTestStore(t)
  const types = Array.from({ length: TYPES }, (_, i) => `type-${i}`)
  const seen = new Map<string, number[]>(types.map(type => [type, []]))
  for (const type of types) {
    store.subscribe(type, 1, {
      changes: batch => seen.get(type)!.push(...batch.map(({ revision }) => revision)),
      lost: () => t.fail(),
    })
  }
  const write = async (type: string, count: number) => {
    for (let i = 0; i < count; i++) await store.put(type, `ns/${Math.random()}`, 0, storeDocument(i))
  }
  const arrived = async () => {
    for (const type of types) {
      const last = await store.revision(type)
      while ((seen.get(type)!.at(-1) ?? 1) < last) await new Promise(resolve => setTimeout(resolve, 2))
    }
  }
  // Each changes at a time of its own, while others do.
  await Promise.all(
    types.map(async (type, i) => {
      await new Promise(resolve => setTimeout(resolve, i * 10))
      await write(type, 1 + (i % 7))
    }),
  )
  await arrived()
  for (const [type, revisions] of seen) {
    const last = await store.revision(type)
    t.deepEqual(
      revisions,
      Array.from({ length: last - 1 }, (_, i) => i + 2),
      type,
    )
  }
  // A subscription that joins a busy type.
  const joined: number[] = []
  const after = await store.revision('type-3')
  const stop = store.subscribe('type-3', after, {
    changes: batch => joined.push(...batch.map(({ revision }) => revision)),
    lost: () => t.fail(),
  })
  await write('type-3', 20)
  await arrived()
  while (joined.length < 20) await new Promise(resolve => setTimeout(resolve, 2))
  stop()
  await write('type-3', 1)
  await arrived()
  t.is(joined.length, 20)
})

test('what the busy ones cost does not grow with the number of types that are followed', async t => {
  const { store, control } = await openTestStore(t)
  for (let i = 0; i < TYPES; i++) store.subscribe(`type-${i}`, 1, { changes() {}, lost: () => t.fail() })
  let last = 0
  store.subscribe('pods', 1, {
    changes(batch) {
      last = batch.at(-1)!.revision
    },
    lost: () => t.fail(),
  })
  const write = async () => {
    const result = await store.put('pods', `ns/${Math.random()}`, 0, storeDocument('x'))
    while (result.ok && last < result.revision) await new Promise(setImmediate)
  }
  await write()
  await write()
  const received = async () => Number(/total_net_input_bytes:(\d+)/.exec(await control.info('stats'))![1])
  const before = await received()
  for (let i = 0; i < 50; i++) await write()
  const each = ((await received()) - before) / 50
  // The write itself is some 900 bytes; an XREAD of all types would be 3,000 more.
  t.true(each < 1_800, `${each} bytes`)
})

test('a type that wakes is followed on, also while the connection it goes to is not there', async t => {
  const { redis, store } = await openTestStore(t)
  const connections: Connection[] = []
  const gate = Promise.withResolvers<void>()
  const route = (opened?: Promise<void>): Route => {
    const connection = new Connection({ path: redis.url.replace('unix://', '') }, quietLog)
    connections.push(connection)
    return {
      connect: async timeout => {
        await opened
        await connection.ready(timeout)
        return connection
      },
      failed() {},
    }
  }
  const feed = new TieredFeed(
    { feed: route(gate.promise), control: route() },
    { feed: route(), control: route() },
    quietLog,
  )
  t.teardown(async () => {
    gate.resolve()
    feed.close()
    for (const connection of connections) connection.close()
  })
  const seen: number[] = []
  let told = () => {}
  feed.subscribe('waking', 1, {
    changes(batch) {
      seen.push(...batch.map(({ revision }) => revision))
      told()
    },
    lost: () => t.fail(),
  })
  const write = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const arrived = new Promise<void>(resolve => {
        told = resolve
      })
      await store.put('waking', `ns/${Math.random()}`, 0, storeDocument(i))
      await arrived
    }
  }
  await write(5)
  gate.resolve()
  await write(20)
  t.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, i) => i + 2),
  )
})
