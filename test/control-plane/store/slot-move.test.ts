import test from 'ava'
import { openStore } from '../../../control-plane/store/redis-store.ts'
import { quietLog } from '../../helpers/log.ts'
import { startCluster } from '../../helpers/redis-groups.ts'
import { SlotMove } from '../../helpers/slot-move.ts'
import { StoreLoad, storeDocument } from '../../helpers/store-load.ts'

test('a slot that moves between masters under 16 writers loses, misses and doubles nothing', async t => {
  t.timeout(600_000)
  const cluster = await startCluster()
  const store = await openStore({ url: cluster.url, log: quietLog, logLength: 1_000_000 })
  // Redis cannot tell a key that moved from one that never was: a type without objects waits for the end of the move.
  await store.put('pods', 'stays', 0, storeDocument('it stays 0'))
  const load = new StoreLoad(t, store, 'pods')
  // A type on another master, which nobody moves.
  // One that is known as a master before is trusted to have all of it.
  for (const type of ['secrets', 'deployments.apps'])
    await store.put(type, 'stays', 0, storeDocument('it stays 0'))
  const other = new StoreLoad(t, store, 'secrets', 2)
  try {
    await load.progress(200)
    await other.progress(10)
    // The first write of all leaps (nobody knows what was before).
    const restarts = [load.restarts, other.restarts]
    const move = await SlotMove.plan(cluster, '{pods}:rev', '{secrets}:rev')
    await move.begin()
    await load.progress(100)
    // While its keys are apart a write waits; one that moved is asked for where it is.
    for (const key of ['{pods}:log', '{pods}:rev', '{pods}:lineage']) await move.key(key)
    await new Promise(resolve => setTimeout(resolve, 300))
    await move.key('{pods}:obj')
    await load.progress(300)
    await move.end()
    await load.progress(300)
    await other.progress(10)

    const back = await SlotMove.plan(cluster, '{pods}:rev', undefined)
    await back.begin()
    for (const what of ['obj', 'lineage', 'log', 'rev']) await back.key(`{pods}:${what}`)
    await load.progress(100)
    await back.end()
    await load.progress(100)
    await load.check()
    await other.check()
    t.is(load.unknown, 0)
    t.deepEqual([load.restarts, other.restarts], restarts)
  } finally {
    await store.close()
    await load.stop()
    await other.stop()
    await cluster.remove()
  }
})
