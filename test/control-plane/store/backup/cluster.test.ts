import test from 'ava'
import { decodeBackup, encodeBackup } from '../../../../control-plane/store/backup/format.ts'
import { checkRestored, restoreBackup } from '../../../../control-plane/store/backup/restore.ts'
import { takeBackup } from '../../../../control-plane/store/backup/take.ts'
import { openStore } from '../../../../control-plane/store/redis-store.ts'
import { quietLog } from '../../../helpers/log.ts'
import { startRedis } from '../../../helpers/redis.ts'
import { startCluster } from '../../../helpers/redis-groups.ts'
import { dataOf, storeDocument } from '../../../helpers/store-load.ts'

const cluster = await startCluster()
const store = await openStore({ url: cluster.url, log: quietLog })
test.after.always(async () => {
  await store.close()
  await cluster.remove()
})
/** One on each master. */
const TYPES = ['deployments.apps', 'secrets', 'pods']

test.serial(
  'a backup of a cluster that is written to now and then is of one moment on all masters',
  async t => {
    let round = 0
    let running = true
    const writer = (async () => {
      const revisions = new Map(TYPES.map(type => [type, 0]))
      for (; running; round++) {
        for (const type of TYPES) {
          const result = await store.put(type, 'counter', revisions.get(type)!, storeDocument(round))
          revisions.set(type, result.ok ? result.revision : 0)
        }
        // Long enough for the masters to be asked twice, on a busy machine too.
        await new Promise(resolve => setTimeout(resolve, 1_000))
      }
    })()
    while (round < 2) await new Promise(setImmediate)
    for (let i = 0; i < 5; i++) {
      const backup = await takeBackup(store)
      const values = TYPES.map(type => {
        const found = backup.types.find(saved => saved.type === type)!
        return dataOf(found.documents.get('counter')!) as number
      })
      const [first, second, third] = values as [number, number, number]
      t.true(first >= second && second >= third && first - third <= 1, `${values}`)
    }
    running = false
    await writer
  },
)

test.serial('a backup of one Redis is restored into a cluster, and back', async t => {
  const redis = await startRedis()
  const one = await openStore({ url: redis.url, log: quietLog })
  t.teardown(async () => {
    await one.close()
    await redis.remove()
  })
  for (const type of TYPES) {
    for (let i = 0; i < 50; i++) await one.put(type, `ns/${i}`, 0, storeDocument(`${type} ${i}`))
  }
  const saved = decodeBackup(encodeBackup(await takeBackup(one)))
  await t.throwsAsync(restoreBackup(store, saved), { code: 'RESTORE_REFUSED', message: /not empty/ })
  const before = new Map(
    await Promise.all(TYPES.map(async type => [type, await store.revision(type)] as const)),
  )
  await restoreBackup(store, saved, true)
  await checkRestored(store)
  for (const type of TYPES) {
    const { documents, revision } = await store.snapshot(type)
    t.is(documents.length, 50)
    t.true(documents.every(({ key, bytes }) => dataOf(bytes) === `${type} ${key.slice(3)}`))
    t.true(revision > before.get(type)!)
  }
  await restoreBackup(one, await takeBackup(store), true)
  t.is((await one.snapshot('pods')).documents.length, 50)
})
