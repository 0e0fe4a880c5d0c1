import test from 'ava'
import { startTestApiServer, takeEvents } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const encode = encodeURIComponent
let count = 0

/** A namespace of a test's own, and the path of ConfigMaps in it. */
async function space() {
  const name = `space-${count++}`
  await api.raw('/api/v1/namespaces', { body: { metadata: { name } } })
  const path = `/api/v1/namespaces/${name}/configmaps`
  const create = (name: string, labels: object = {}, data: object = {}) =>
    api.raw(path, { body: { metadata: { name, labels }, data } })
  const label = (name: string, labels: object) =>
    api.raw(`${path}/${name}`, {
      method: 'PATCH',
      body: { metadata: { labels } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
  return { name, path, create, label }
}

const names = (list: any) => list.items.map((item: any) => item.metadata.name)

test.serial('a list is in order, of one revision, with items without their type', async t => {
  const { path, create } = await space()
  for (const name of ['b', 'c', 'a']) await create(name)
  const { body } = await api.raw(path)
  t.is(body.kind, 'ConfigMapList')
  t.deepEqual(names(body), ['a', 'b', 'c'])
  t.is(body.items[0].kind, undefined)
  const newest = Math.max(...body.items.map((item: any) => Number(item.metadata.resourceVersion)))
  t.true(Number(body.metadata.resourceVersion) >= newest)
})

test.serial('label and field selectors choose', async t => {
  const { path, create } = await space()
  await create('one', { app: 'x' })
  await create('two', { app: 'y' })
  t.deepEqual(names((await api.raw(`${path}?labelSelector=${encode('app in (x)')}`)).body), ['one'])
  t.deepEqual(names((await api.raw(`${path}?fieldSelector=${encode('metadata.name!=one')}`)).body), ['two'])
})

test.serial('a selector that contradicts the path, or itself, chooses nothing', async t => {
  const { path, create } = await space()
  await create('one')
  for (const selector of [
    'metadata.name=one,metadata.namespace=other',
    'metadata.name=one,metadata.name=two',
  ]) {
    t.deepEqual(names((await api.raw(`${path}?fieldSelector=${encode(selector)}`)).body), [])
  }
})

test.serial('a field that a kind cannot be selected by is refused as the kind refuses it', async t => {
  const refusal = async (path: string) => {
    const { status, body } = await api.raw(`${path}?fieldSelector=data.x%3D1`)
    t.is(status, 400)
    return body.message
  }
  const plain = '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"'
  t.is(await refusal('/api/v1/configmaps'), plain)
  t.is(await refusal('/apis/storage.k8s.io/v1/storageclasses'), plain)
  t.is(await refusal('/api/v1/pods'), 'field label not supported: data.x')
  t.is(await refusal('/apis/batch/v1/jobs'), 'field label "data.x" not supported for batchv1.Job')
  const { body } = await api.raw(
    '/apis/storage.k8s.io/v1/storageclasses?fieldSelector=metadata.namespace%3Dx',
  )
  t.deepEqual(body.items, [])
})

/** Title, query of a list, status, what is said. */
const OPTIONS: [string, string, number, string][] = [
  [
    'a match without a revision',
    'resourceVersionMatch=Exact',
    422,
    'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
  ],
  [
    'an exact match of any revision',
    'resourceVersionMatch=Exact&resourceVersion=0',
    422,
    'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
  ],
  [
    'an unknown match',
    'resourceVersionMatch=Foo&resourceVersion=1',
    422,
    'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Unsupported value: "Foo": supported values: "Exact", "NotOlderThan", ""',
  ],
  [
    'a match beside a token',
    'resourceVersionMatch=Exact&resourceVersion=1&continue=x',
    422,
    'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided',
  ],
  [
    'initial events of a list',
    'sendInitialEvents=true',
    422,
    'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
  ],
  [
    'a watch with initial events of one revision',
    'watch=1&sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1',
    422,
    'ListOptions.meta.k8s.io "" is invalid: [resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
  ],
  ['a limit that is no number', 'limit=abc', 400, 'strconv.ParseInt: parsing "abc": invalid syntax'],
  [
    'a revision that is no number',
    'resourceVersion=abc',
    400,
    'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
  ],
  [
    'a token of another version',
    `continue=${Buffer.from('{"v":"v0","rv":1,"start":"a"}').toString('base64url')}`,
    400,
    'invalid continue token: continue key is not valid: server does not recognize this encoded version v0',
  ],
  [
    'a token without a revision',
    `continue=${Buffer.from('{"v":"meta.k8s.io/v1","start":"a"}').toString('base64url')}`,
    400,
    'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
  ],
]

for (const [title, query, status, message] of OPTIONS) {
  test.serial(`a list is refused for ${title}`, async t => {
    const answer = await api.raw(`/api/v1/configmaps?${query}`)
    t.is(answer.status, status)
    t.is(answer.body.message, message)
  })
}

test.serial('pages of one list show one moment, whatever is written in between', async t => {
  const { path, create } = await space()
  for (let i = 0; i < 25; i++) await create(`n${String(i).padStart(2, '0')}`)
  const first = (await api.raw(`${path}?limit=10`)).body
  t.is(first.metadata.remainingItemCount, 15)
  await create('n05a')
  await create('n15a')
  await api.raw(`${path}/n20`, { method: 'DELETE' })
  const seen = names(first)
  let token = first.metadata.continue
  while (token) {
    const { body } = await api.raw(`${path}?limit=10&continue=${encode(token)}`)
    t.is(body.metadata.resourceVersion, first.metadata.resourceVersion)
    seen.push(...names(body))
    token = body.metadata.continue
  }
  t.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, i) => `n${String(i).padStart(2, '0')}`),
  )
})

test.serial(
  'a continue token whose revision is gone is 410 with a token to go on inconsistently',
  async t => {
    const { path, create } = await space()
    for (const name of ['a', 'b', 'c']) await create(name)
    const token = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: 1, start: `${'x'}\0` })).toString(
      'base64url',
    )
    const { status, body } = await api.raw(`${path}?limit=1&continue=${token}`)
    t.is(status, 410)
    t.is(body.reason, 'Expired')
    t.true(body.message.startsWith('The provided continue parameter is too old'))
    const rest = await api.raw(`${path}?continue=${body.metadata.continue}`)
    t.is(rest.status, 200)
    t.is((await api.raw(`${path}?continue=nonsense`)).status, 400)
  },
)

test.serial('a watch tells of changes after its revision, in order', async t => {
  const { path, create, label } = await space()
  await create('before')
  const { resourceVersion } = (await api.raw(path)).body.metadata
  await create('first')
  const watch = await api.open(`${path}?watch=1&resourceVersion=${resourceVersion}`)
  await label('first', { a: 'b' })
  await api.raw(`${path}/first`, { method: 'DELETE' })
  const events = await takeEvents(watch, 3)
  t.deepEqual(
    events.map(({ type, object }) => [type, object.metadata.name, object.kind]),
    [
      ['ADDED', 'first', 'ConfigMap'],
      ['MODIFIED', 'first', 'ConfigMap'],
      ['DELETED', 'first', 'ConfigMap'],
    ],
  )
  const revisions = events.map(({ object }) => Number(object.metadata.resourceVersion))
  t.deepEqual(
    revisions,
    revisions.toSorted((a, b) => a - b),
  )
})

test.serial('a watch without a revision begins with what is there', async t => {
  const { path, create } = await space()
  await create('a')
  await create('b')
  const events = await takeEvents(await api.open(`${path}?watch=1`), 2)
  t.deepEqual(
    events.map(({ type, object }) => [type, object.metadata.name]),
    [
      ['ADDED', 'a'],
      ['ADDED', 'b'],
    ],
  )
})

test.serial('sendInitialEvents ends the state with a marked bookmark', async t => {
  const { path, create } = await space()
  await create('a')
  const options = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const events = await takeEvents(await api.open(`${path}?watch=1&${options}`), 2)
  t.is(events[1]!.type, 'BOOKMARK')
  t.is(events[1]!.object.metadata.annotations['k8s.io/initial-events-end'], 'true')
  t.false(
    'creationTimestamp' in events[1]!.object.metadata,
    'times that are not set are left out since v1.34',
  )
  const bad = await api.raw(`${path}?watch=1&sendInitialEvents=true`)
  t.is(bad.status, 422)
})

test.serial('a watch from no revision is one with initial events, and tells where they end', async t => {
  const { path, create } = await space()
  await create('a')
  for (const revision of ['', '&resourceVersion=0']) {
    const stream = await api.open(`${path}?watch=1&allowWatchBookmarks=true${revision}`)
    const events = await takeEvents(stream, 2)
    t.is(events[1]!.type, 'BOOKMARK')
    t.is(events[1]!.object.metadata.annotations['k8s.io/initial-events-end'], 'true')
  }
})

test.serial('right before it ends, a watch tells how far it has come', async t => {
  const [{ path }, other] = [await space(), await space()]
  const { resourceVersion } = (await api.raw(path)).body.metadata
  const options = `allowWatchBookmarks=true&timeoutSeconds=12&resourceVersion=${resourceVersion}`
  const stream = await api.open(`${path}?watch=1&${options}`)
  await other.create('elsewhere')
  const [event] = await takeEvents(stream, 1)
  t.is(event!.type, 'BOOKMARK')
  t.true(Number(event!.object.metadata.resourceVersion) > Number(resourceVersion))
  t.false('annotations' in event!.object.metadata)
})

test.serial(
  'to a watch with a selector, an object that starts to match is added and one that stops is deleted',
  async t => {
    const { path, create, label } = await space()
    await create('moving', { app: 'x' })
    const { resourceVersion } = (await api.raw(path)).body.metadata
    const watch = await api.open(`${path}?watch=1&labelSelector=app%3Dy&resourceVersion=${resourceVersion}`)
    await label('moving', { app: 'y' })
    await label('moving', { app: 'y', more: 'z' })
    await label('moving', { app: 'x' })
    const events = await takeEvents(watch, 3)
    t.deepEqual(
      events.map(({ type }) => type),
      ['ADDED', 'MODIFIED', 'DELETED'],
    )
    t.is(events[2]!.object.metadata.labels.app, 'y')
    t.true(
      Number(events[2]!.object.metadata.resourceVersion) > Number(events[1]!.object.metadata.resourceVersion),
    )
  },
)

test.serial(
  'a watch of a node’s Pods sees a Pod from being bound to the node to its end, one of another node nothing',
  async t => {
    const { name } = await space()
    const namespace = `/api/v1/namespaces/${name}`
    const pods = `${namespace}/pods`
    await api.raw(`${namespace}/serviceaccounts`, { body: { metadata: { name: 'default' } } })
    const { resourceVersion } = (await api.raw(pods)).body.metadata
    const watchNode = (node: string) =>
      api.open(`${pods}?watch=1&fieldSelector=spec.nodeName%3D${node}&resourceVersion=${resourceVersion}`)
    const [here, there, nowhere] = await Promise.all(['here', 'there', ''].map(watchNode))
    const spec = { containers: [{ name: 'c', image: 'i' }] }
    for (const pod of ['one', 'two']) await api.raw(pods, { body: { metadata: { name: pod }, spec } })
    const bind = (pod: string, node: string) =>
      api.raw(`${pods}/${pod}/binding`, {
        body: {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name: pod },
          target: { kind: 'Node', name: node },
        },
      })
    t.is((await bind('one', 'here')).status, 201)
    t.is((await bind('two', 'there')).status, 201)
    t.is((await api.raw(`${pods}/two`)).body.metadata.generation, 1, 'a Pod that is bound was not changed')
    await api.raw(`${pods}/one?gracePeriodSeconds=0`, { method: 'DELETE' })
    const seen = async (watch: typeof here, count: number) =>
      (await takeEvents(watch!, count)).map(({ type, object }) => `${type} ${object.metadata.name}`)
    t.deepEqual(await seen(nowhere, 4), ['ADDED one', 'ADDED two', 'DELETED one', 'DELETED two'])
    t.deepEqual(await seen(here, 2), ['ADDED one', 'DELETED one'])
    t.deepEqual(await seen(there, 1), ['ADDED two'])
  },
)

test.serial('a watch ends after timeoutSeconds', async t => {
  const { path } = await space()
  const watch = await api.open(`${path}?watch=1&timeoutSeconds=1`)
  const events = []
  for await (const chunk of watch) events.push(chunk)
  t.deepEqual(events, [])
})

test.serial('a watch from a revision that was trimmed is told 410 in the stream', async t => {
  const { path, create } = await space()
  await create('a')
  for (let i = 0; i < 60; i++) {
    await Promise.all(Array.from({ length: 100 }, (_, j) => create(`fill-${i}-${j}`)))
  }
  const [event] = await takeEvents(await api.open(`${path}?watch=1&resourceVersion=2`), 1)
  t.is(event!.type, 'ERROR')
  t.is(event!.object.code, 410)
  t.is(event!.object.reason, 'Expired')
})

test.serial('a revision of the future is 504 with the cause ResourceVersionTooLarge', async t => {
  const { path } = await space()
  const { status, body } = await api.raw(`${path}?resourceVersion=999999999`)
  t.is(status, 504)
  t.is(body.details.causes[0].reason, 'ResourceVersionTooLarge')
})

test.serial('a table has the kind’s columns and a row an object, in lists and watches', async t => {
  const { path, create } = await space()
  await create('row', {}, { k: 'v' })
  const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }
  const { body } = await api.raw(path, { headers })
  t.is(body.kind, 'Table')
  t.deepEqual(
    body.columnDefinitions.map((column: any) => column.name),
    ['Name', 'Data', 'Age'],
  )
  t.regex(body.columnDefinitions[1].description, /^Data contains the configuration data\./)
  t.deepEqual(body.rows[0].cells.slice(0, 2), ['row', 1])
  t.is(body.rows[0].object.kind, 'PartialObjectMetadata')
  const [event] = await takeEvents(await api.open(`${path}?watch=1`, { headers }), 1)
  t.is(event!.object.rows[0].cells[0], 'row')
})

test.serial('bookmarks of a watch have the form of its other events', async t => {
  const { path, create } = await space()
  await create('marked', {}, { k: 'v' })
  for (const form of ['Table', 'PartialObjectMetadata']) {
    const headers = { accept: `application/json;as=${form};v=v1;g=meta.k8s.io` }
    const stream = await api.open(`${path}?watch=1&allowWatchBookmarks=true`, { headers })
    const events = await takeEvents(stream, 2)
    t.is(events[1]!.type, 'BOOKMARK')
    t.like(events[1]!.object, { kind: form, apiVersion: 'meta.k8s.io/v1' })
    t.truthy(events[1]!.object.metadata.resourceVersion)
  }
})

test.serial('metadata alone, and 406 for what is not served', async t => {
  const { path, create } = await space()
  await create('meta', {}, { k: 'v' })
  const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'
  const { body } = await api.raw(path, { headers: { accept } })
  t.is(body.kind, 'PartialObjectMetadataList')
  t.is(body.items[0].data, undefined)
  const xml = await api.raw(path, { headers: { accept: 'application/xml' } })
  t.is(xml.status, 406)
})

test.serial('watches and reads go on over kill -9 of Redis', async t => {
  const { path, create } = await space()
  await create('before')
  const { resourceVersion } = (await api.raw(path)).body.metadata
  const watch = await api.open(`${path}?watch=1&resourceVersion=${resourceVersion}`)
  await api.redis.kill()
  t.is((await api.raw(`${path}?resourceVersion=0`)).body.items.length, 1)
  api.redis.start()
  t.is((await create('after')).status, 201)
  const [event] = await takeEvents(watch, 1)
  t.is(event!.object.metadata.name, 'after')
})

test.serial('a watch is resumed where it was after the API server was restarted', async t => {
  const { path, create } = await space()
  const { resourceVersion } = (await create('seen')).body.metadata
  await create('unseen')
  await api.restart()
  const [event] = await takeEvents(await api.open(`${path}?watch=1&resourceVersion=${resourceVersion}`), 1)
  t.is(event!.object.metadata.name, 'unseen')
})

test.serial('a watcher that does not read is cut off and misses nothing without knowing', async t => {
  const { path, create } = await space()
  const { resourceVersion } = (await api.raw(path)).body.metadata
  const watch = await api.open(`${path}?watch=1&resourceVersion=${resourceVersion}`)
  watch.pause()
  const fill = 'x'.repeat(900_000)
  for (let i = 0; i < 24; i++) t.is((await create(`big-${i}`, {}, { fill })).status, 201)
  const seen: number[] = []
  let rest = ''
  await t.throwsAsync(async () => {
    for await (const chunk of watch) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      seen.push(...lines.map(line => Number(JSON.parse(line).object.metadata.resourceVersion)))
    }
  })
  t.true(seen.length < 24)
  t.deepEqual(
    seen,
    seen.map((_, i) => seen[0]! + i),
  )
})
