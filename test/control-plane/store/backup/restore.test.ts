import test, { type ExecutionContext } from 'ava'
import { decodeBackup, encodeBackup } from '../../../../control-plane/store/backup/format.ts'
import { checkRestored, restoreBackup } from '../../../../control-plane/store/backup/restore.ts'
import { takeBackup } from '../../../../control-plane/store/backup/take.ts'
import { openStore } from '../../../../control-plane/store/redis-store.ts'
import type { StorePlugin } from '../../../../plugins/store.ts'
import { quietLog } from '../../../helpers/log.ts'
import { startRedis } from '../../../helpers/redis.ts'
import { dataOf, storeDocument } from '../../../helpers/store-load.ts'

async function emptyStore(t: ExecutionContext): Promise<StorePlugin> {
  const redis = await startRedis()
  const store = await openStore({ url: redis.url, log: quietLog })
  t.teardown(async () => {
    await store.close()
    await redis.remove()
  })
  return store
}

test('a backup under writes is of one moment: over all types, no write is in it without those before it', async t => {
  const store = await emptyStore(t)
  const types = ['first', 'second', 'third']
  let round = 0
  let running = true
  const revisions = new Map(types.map(type => [type, 0]))
  const writer = (async () => {
    for (; running; round++) {
      for (const type of types) {
        const result = await store.put(type, 'counter', revisions.get(type)!, storeDocument(round))
        revisions.set(type, result.ok ? result.revision : 0)
      }
    }
  })()
  const noise = Array.from({ length: 8 }, async (_, index) => {
    for (let i = 0; running; i++) await store.put('noise', `${index}-${i}`, 0, storeDocument(i))
  })
  while (round < 20) await new Promise(setImmediate)
  for (let i = 0; i < 20; i++) {
    const backup = await takeBackup(store)
    const values = types.map(type => {
      const found = backup.types.find(saved => saved.type === type)!
      return dataOf(found.documents.get('counter')!) as number
    })
    t.true(values[0]! >= values[1]! && values[1]! >= values[2]! && values[0]! - values[2]! <= 1, `${values}`)
  }
  running = false
  await Promise.all([writer, ...noise])
  const last = decodeBackup(encodeBackup(await takeBackup(store)))
  t.is(
    last.types.find(saved => saved.type === 'noise')!.documents.size,
    (await store.snapshot('noise')).documents.length,
  )
})

test('what was restored is what was there, at revisions above all that followers ever saw', async t => {
  const old = await emptyStore(t)
  for (let i = 0; i < 300; i++) await old.put('pods', `ns/${i}`, 0, storeDocument(i))
  await old.delete('pods', 'ns/7', 9)
  const backup = await takeBackup(old)
  await old.put('pods', 'ns/later', 0, storeDocument('later'))
  const seen = await old.revision('pods')

  const store = await emptyStore(t)
  await restoreBackup(store, backup)
  const { revision, documents } = await store.snapshot('pods')
  t.is(documents.length, 299)
  const before = [...backup.types[0]!.documents].map(([key, bytes]) => [key, dataOf(bytes)])
  const after = documents.map(({ key, bytes }) => [key, dataOf(bytes)])
  t.deepEqual(after.sort(), before.sort())
  t.true(documents.every(document => document.revision > seen && document.revision <= revision))
  await t.throwsAsync(store.log('pods', seen, 10), { code: 'expired' })
  await new Promise<void>(resolve => {
    store.subscribe('pods', seen, { changes: () => t.fail('a follower went back in time'), lost: resolve })
  })
})

test('a store that is not empty is restored into only when told to, and then holds the backup alone', async t => {
  const store = await emptyStore(t)
  await store.put('pods', 'a', 0, storeDocument('a'))
  const backup = await takeBackup(store)
  await store.put('pods', 'b', 0, storeDocument('b'))
  await store.put('nodes', 'n', 0, storeDocument('n'))
  const before = await store.revision('pods')
  await t.throwsAsync(restoreBackup(store, backup), {
    code: 'RESTORE_REFUSED',
    message: /^the store is not empty \(it has \d \w+\): give --replace/,
  })
  t.is(await store.revision('pods'), before)
  await restoreBackup(store, backup, true)
  t.deepEqual(
    (await store.snapshot('pods')).documents.map(({ key }) => key),
    ['a'],
  )
  t.is((await store.snapshot('nodes')).documents.length, 0)
  t.true((await store.revision('pods')) > before)
  await t.notThrowsAsync(checkRestored(store))
})

test('a restore that was broken off is noticed before the store is served from', async t => {
  const store = await emptyStore(t)
  await store.put('pods', 'a', 0, storeDocument('a'))
  const backup = await takeBackup(store)
  const broken = {
    ...backup,
    types: [...backup.types, { type: 'x', revision: 1, documents: new Map([['k', Buffer.alloc(0)]]) }],
  }
  const failing: StorePlugin = Object.assign(Object.create(store), {
    types: () => store.types!(),
    advance: (type: string, revision: number) =>
      type === 'x' ? Promise.reject(new Error('power loss')) : store.advance!(type, revision),
    get: (type: string, key: string) => store.get(type, key),
    put: (...args: Parameters<StorePlugin['put']>) => store.put(...args),
    drop: (type: string) => store.drop(type),
  })
  await t.throwsAsync(restoreBackup(failing, broken, true), { message: 'power loss' })
  await t.throwsAsync(checkRestored(store), { message: /a restore into this store was broken off/ })
  await restoreBackup(store, backup, true)
  await t.notThrowsAsync(checkRestored(store))
})
