import test from 'ava'
import { openStore } from '../../../control-plane/store/redis-store.ts'
import { quietLog } from '../../helpers/log.ts'
import { startRedis } from '../../helpers/redis.ts'
import {
  IMPATIENT,
  type Member,
  type RedisGroup,
  startCluster,
  startSentinelGroup,
} from '../../helpers/redis-groups.ts'
import { StoreLoad } from '../../helpers/store-load.ts'

/** As many as fit into the time. */
const KILLS = 300
const KILL_TIME = 45_000

async function replaced(group: RedisGroup, key: string, lost: Member): Promise<Member> {
  for (const end = Date.now() + 120_000; Date.now() < end; ) {
    const master = await group.master(key).catch(() => lost)
    if (master !== lost) return master
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error('no replica took over within two minutes')
}

test.serial(
  'acknowledged writes survive kill -9 of Redis at any moment, and no change is missing or doubled',
  async t => {
    t.timeout(600_000)
    const redis = await startRedis()
    const store = await openStore({ url: redis.url, log: quietLog, logLength: 1_000_000 })
    const load = new StoreLoad(t, store, 'load')
    const end = Date.now() + KILL_TIME
    try {
      for (let kill = 0; kill < KILLS && Date.now() < end; kill++) {
        await load.progress(20 + ((kill * 37) % 200))
        await redis.kill()
        redis.start()
      }
      await load.check()
      t.is(load.restarts, 0, 'no follower had to begin anew')
      t.is(load.unknown, 0)
    } finally {
      await store.close()
      await load.stop()
      await redis.remove()
    }
  },
)

test.serial('acknowledged writes survive the loss of a master that sentinels replace', async t => {
  const group = await startSentinelGroup()
  const store = await openStore({ url: group.url, log: quietLog, logLength: 1_000_000 })
  const load = new StoreLoad(t, store, 'load')
  try {
    for (let round = 0; round < 3; round++) {
      await load.progress(300)
      const master = await group.master('')
      await master.kill()
      const heir = await replaced(group, '', master)
      // Alone, its heir takes no writes (min-replicas-to-write). Sentinels would wait 8 s before they tell it to follow.
      master.start()
      await master.follow(heir.port)
    }
    await load.progress(300)
    await load.check()
  } finally {
    await store.close()
    await load.stop()
    await group.remove()
  }
})

test.serial('acknowledged writes survive the loss of one master of a cluster', async t => {
  const cluster = await startCluster(undefined, IMPATIENT)
  const store = await openStore({ url: cluster.url, log: quietLog, logLength: 1_000_000 })
  const types = ['pods', 'services', 'leases.coordination.k8s.io', 'secrets']
  const loads = types.map(type => new StoreLoad(t, store, type, 4))
  try {
    await Promise.all(loads.map(load => load.progress(100)))
    const master = await cluster.master('{pods}:rev')
    await master.kill()
    await replaced(cluster, '{pods}:rev', master)
    // Alone, its heir takes no writes (min-replicas-to-write).
    master.start()
    await Promise.all(loads.map(load => load.progress(100)))
    for (const load of loads) await load.check()
    t.deepEqual([...(await store.types!()).keys()].sort(), types.sort())
  } finally {
    await store.close()
    for (const load of loads) await load.stop()
    await cluster.remove()
  }
})
