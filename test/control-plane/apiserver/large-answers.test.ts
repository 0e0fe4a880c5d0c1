import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import test from 'ava'
import { startTestApiServer, type TestApiServer, watchEvents } from '../../helpers/api-server.ts'

const PATH = '/api/v1/namespaces/default/configmaps'
const COUNT = 400
let api: TestApiServer

test.before(async () => {
  api = await startTestApiServer()
  await Promise.all(
    Array.from({ length: COUNT }, (_, i) => create(`item-${String(i).padStart(4, '0')}`, 3_000)),
  )
  // One that is larger than the parts that lists are sent in.
  await create('large', 400_000)
  // Lists of revision 0 are answered with what the cache has: a consistent read waits until that is all.
  await api.raw(`${PATH}?limit=1`)
})
test.after.always(() => api.stop())

async function create(name: string, size: number): Promise<void> {
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: { text: name.padEnd(size, 'ü') },
  }
  const { status, text } = await api.raw(PATH, { body })
  if (status !== 201) throw new Error(text)
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

test.serial('a list of many parts is whole, also when several are sent at once', async t => {
  const list = async () => buffer(await api.open(`${PATH}?resourceVersion=0`))
  const bodies = await Promise.all(Array.from({ length: 6 }, list))
  const { items } = JSON.parse(bodies[0]!.toString())
  t.is(items.length, COUNT + 1)
  t.true(items.every(({ metadata, data }: any) => data.text.startsWith(metadata.name)))
  t.is(items[0].kind, undefined)
  t.is(new Set(bodies.map(digest)).size, 1)
})

test.serial('a list that is broken off leaves the next one whole', async t => {
  const cut = await api.open(`${PATH}?resourceVersion=0`)
  cut.once('data', () => cut.destroy())
  await new Promise(resolve => cut.once('close', resolve))
  const { body } = await api.raw(`${PATH}?resourceVersion=0`)
  t.is(body.items.length, COUNT + 1)
})

test.serial('a large list is compressed for who takes that, a small one is not', async t => {
  const headers = { 'accept-encoding': 'gzip' }
  const large = await api.open(PATH, { headers })
  t.is(large.headers['content-encoding'], 'gzip')
  t.is(JSON.parse(gunzipSync(await buffer(large)).toString()).items.length, COUNT + 1)
  const small = await api.raw(`${PATH}?limit=1`, { headers })
  t.is(small.headers['content-encoding'], undefined)
  t.is(small.body.items.length, 1)
})

test.serial('many watchers see every change once and in order while changes come fast', async t => {
  const WATCHERS = 60
  const CHANGES = 120
  const { body: now } = await api.raw(`${PATH}?limit=1`)
  const query = `?watch=1&resourceVersion=${now.metadata.resourceVersion}`
  const watches = await Promise.all(Array.from({ length: WATCHERS }, () => api.open(PATH + query)))
  const seen = watches.map(async watch => {
    const names: string[] = []
    let last = 0
    for await (const { type, object } of watchEvents(watch)) {
      const revision = Number(object.metadata.resourceVersion)
      if (type !== 'ADDED' || revision <= last) throw new Error(`${type} at ${revision} after ${last}`)
      last = revision
      names.push(object.metadata.name)
      if (names.length === CHANGES) break
    }
    watch.destroy()
    return names
  })
  await Promise.all(Array.from({ length: CHANGES }, (_, i) => create(`fast-${i}`, 10)))
  const all = await Promise.all(seen)
  t.is(new Set(all[0]).size, CHANGES)
  for (const names of all) t.deepEqual(names, all[0])
})
