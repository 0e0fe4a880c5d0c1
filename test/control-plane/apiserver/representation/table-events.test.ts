import test from 'ava'
import { configMaps } from '../../../../api/kinds/core.ts'
import { tableEncoder } from '../../../../control-plane/apiserver/representation/table-events.ts'
import { startTestApiServer, takeEvents, watchEvents } from '../../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const headers = { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' }
let count = 0

/** A namespace of a test's own, and what makes and watches ConfigMaps in it. */
async function space() {
  const name = `tables-${count++}`
  await api.raw('/api/v1/namespaces', { body: { metadata: { name } } })
  const path = `/api/v1/namespaces/${name}/configmaps`
  return {
    create: (name: string) => api.raw(path, { body: { metadata: { name } } }),
    watch: (query: string) => api.open(`${path}?watch=1&${query}`, { headers }),
    async revision(): Promise<string> {
      return (await api.raw(path)).body.metadata.resourceVersion
    },
  }
}

/** The type of an event, its row's name and what columns it tells of. */
const summary = ({ type, object }: { type: string; object: any }) => [
  type,
  object.rows[0].cells[0],
  object.columnDefinitions?.map((column: any) => column.name) ?? object.columnDefinitions,
]
const COLUMNS = ['Name', 'Data', 'Age']

test('the first object that a watch begins with tells of the columns, no later one, nor a bookmark', async t => {
  const { create, watch } = await space()
  for (const name of ['a', 'b']) await create(name)
  const stream = await watch(
    'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
  )
  const events = await takeEvents(stream, 3)
  t.deepEqual(events.map(summary), [
    ['ADDED', 'a', COLUMNS],
    ['ADDED', 'b', null],
    ['BOOKMARK', events[2]!.object.rows[0].cells[0], null],
  ])
  t.regex(events[0]!.object.columnDefinitions[1].description, /^Data contains the configuration data\./)
})

test('a watch without objects tells of the columns in its bookmark', async t => {
  const { create, watch } = await space()
  const stream = await watch('allowWatchBookmarks=true')
  const events = watchEvents(stream)
  const { object } = (await events.next()).value
  t.is(object.columnDefinitions.length, 3)
  await create('later')
  t.deepEqual(summary((await events.next()).value), ['ADDED', 'later', null])
  stream.destroy()
})

test('each of the watches that share changes is told of the columns in the first change it sees', async t => {
  const { create, watch, revision } = await space()
  const query = `resourceVersion=${await revision()}`
  const early = await watch(query)
  const earlyEvents = watchEvents(early)
  await create('one')
  t.deepEqual(summary((await earlyEvents.next()).value), ['ADDED', 'one', COLUMNS])
  const late = await watch(`resourceVersion=${await revision()}`)
  const lateEvents = watchEvents(late)
  for (const [name, columns] of [
    ['two', COLUMNS],
    ['three', null],
  ] as const) {
    await create(name)
    t.deepEqual(summary((await earlyEvents.next()).value), ['ADDED', name, null])
    t.deepEqual(summary((await lateEvents.next()).value), ['ADDED', name, columns])
  }
  early.destroy()
  late.destroy()
})

test('of changes that come at once, the first alone tells of the columns', async t => {
  const { create, watch, revision } = await space()
  const stream = await watch(`resourceVersion=${await revision()}`)
  await Promise.all(Array.from({ length: 20 }, (_, i) => create(`c-${i}`)))
  const [first, ...others] = (await takeEvents(stream, 20)).map(event => event.object.columnDefinitions)
  t.is(first.length, 3)
  t.deepEqual(
    others,
    others.map(() => null),
  )
})

test('rows without objects say so, but for the bookmark that ends the state', async t => {
  const { create, watch } = await space()
  await create('bare')
  const events = await takeEvents(await watch('includeObject=None&allowWatchBookmarks=true'), 2)
  const [row, bookmark] = events.map(({ object }) => object.rows[0].object)
  t.is(row, null)
  t.like(bookmark, {
    kind: 'PartialObjectMetadata',
    metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } },
  })
})

test('an ERROR that comes first is left as it is, whatever its text is', t => {
  const { open, special } = tableEncoder(configMaps, 'Metadata', 'meta.k8s.io/v1')
  const status = { kind: 'Status', apiVersion: 'v1', message: '"columnDefinitions":null' }
  const line = special({ type: 'ERROR', object: status })
  t.is(open!(line), line)
})
