import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { StorePlugin } from '../../../plugins/store.ts'
import { openTestStore } from '../../helpers/store.ts'
import { storeDocument } from '../../helpers/store-load.ts'

const MIB = 1024 * 1024
/** A file of this size is rewritten when it has doubled (64 MiB where it is not a test). */
const REWRITE_AT = 4 * MIB

/** What a cluster writes again and again: its size, how many objects of it there are, how often an hour each is written. */
const TRAFFIC = [
  { type: 'leases.coordination.k8s.io', objects: 20, size: 250, writes: 240 },
  { type: 'nodes', objects: 25, size: 6_000, writes: 60 },
  { type: 'pods', objects: 100, size: 2_500, writes: 40 },
  { type: 'endpointslices.discovery.k8s.io', objects: 20, size: 1_500, writes: 30 },
]
/** Events are created, and taken away again by their age. */
const EVENTS = { created: 3_000, kept: 300, size: 900 }

/** Writes a share of an hour's traffic; `revisions` carries over from one share to the next. */
async function write(store: StorePlugin, share: number, revisions: Map<string, number>): Promise<void> {
  const kinds = TRAFFIC.map(async ({ type, objects, size, writes }) => {
    const keys = Array.from({ length: objects }, (_, i) => `ns/${type}-${i}`)
    for (let round = 0; round < writes * share; round++) {
      await Promise.all(
        keys.map(async key => {
          const result = await store.put(type, key, revisions.get(key) ?? 0, storeDocument(round, size))
          if (result.ok) revisions.set(key, result.revision)
        }),
      )
    }
  })
  await Promise.all(kinds)
}

async function writeEvents(store: StorePlugin, share: number, alive: [string, number][]): Promise<void> {
  for (let i = 0; i < EVENTS.created * share; i += 50) {
    const created = Array.from({ length: 50 }, async (): Promise<[string, number]> => {
      const key = `ns/event-${Math.random()}`
      const result = await store.put('events', key, 0, storeDocument(i, EVENTS.size))
      return [key, result.ok ? result.revision : 0]
    })
    alive.push(...(await Promise.all(created)))
    const old = alive.splice(0, Math.max(alive.length - EVENTS.kept, 0))
    await Promise.all(old.map(([key, revision]) => store.delete('events', key, revision)))
  }
}

test('an hour of leases, status updates and Events leaves the store as large as it was, in memory and on disk', async t => {
  const { redis, store, control } = await openTestStore(t)
  await control.config('SET', 'auto-aof-rewrite-min-size', REWRITE_AT)
  const used = async () => Number(/used_memory_dataset:(\d+)/.exec(await control.info('memory'))![1])
  const revisions = new Map<string, number>()
  const alive: [string, number][] = []
  const hour = async (share: number) => {
    await Promise.all([write(store, share, revisions), writeEvents(store, share, alive)])
  }
  // Until the logs are full.
  await hour(1)
  const before = await used()
  await hour(0.5)
  const after = await used()
  t.log(`memory ${(before / MIB).toFixed(1)} MiB, then ${(after / MIB).toFixed(1)} MiB`)
  t.true(after < before * 1.15 + MIB, `${before} bytes became ${after}`)

  const dir = join(redis.dir, 'appendonlydir')
  const sizeOf = (file: string) =>
    stat(join(dir, file)).then(
      ({ size }) => size,
      () => 0,
    )
  const onDisk = async () => (await Promise.all((await readdir(dir)).map(sizeOf))).reduce((a, b) => a + b, 0)
  // What was written while Redis rewrote the file may be much, on a busy machine: then it begins once more.
  const most = 3 * Math.max(after, REWRITE_AT)
  let disk = await onDisk()
  for (const end = Date.now() + 120_000; disk >= most && Date.now() < end; disk = await onDisk()) {
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  t.log(`disk ${(disk / MIB).toFixed(1)} MiB`)
  t.true(disk < most, `${disk} bytes on disk`)
  for (const { type } of TRAFFIC) t.true((await control.xlen(`{${type}}:log`)) < 4_096 + 256)
})

test('large objects do not make a large log', async t => {
  const { store, control } = await openTestStore(t)
  for (let i = 0, revision = 0; i < 100; i++) {
    const result = await store.put('secrets', 'ns/large', revision, storeDocument(i, MIB / 2))
    revision = result.ok ? result.revision : 0
  }
  t.true((await control.xlen('{secrets}:log')) <= 17)
})

test('changes older than the retention go; who is up to date is not disturbed, who is not starts anew', async t => {
  const { store, control } = await openTestStore(t, { logRetention: 3_000 })
  const seen: number[] = []
  store.subscribe('pods', 1, {
    changes: batch => seen.push(...batch.map(({ revision }) => revision)),
    lost: () => t.fail(),
  })
  for (let i = 0; i < 20; i++) await store.put('pods', `ns/${i}`, 0, storeDocument(i))
  while ((await control.xlen('{pods}:log')) > 0) await new Promise(resolve => setTimeout(resolve, 20))
  t.deepEqual(await store.log('pods', 21, 10), [])
  await t.throwsAsync(store.log('pods', 20, 10), { code: 'expired' })
  await new Promise<void>(resolve => {
    store.subscribe('pods', 5, { changes: () => t.fail(), lost: resolve })
    void store.put('pods', 'ns/last', 0, storeDocument('last'))
  })
  while (seen.length < 21) await new Promise(resolve => setTimeout(resolve, 5))
  t.is((await store.snapshot('pods')).documents.length, 21)
})
