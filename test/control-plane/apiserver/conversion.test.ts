import test from 'ava'
import { startTestApiServer, takeEvents } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const v1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers'
const v2 = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers'
const coreEvents = '/api/v1/namespaces/default/events'
const newEvents = '/apis/events.k8s.io/v1/namespaces/default/events'

const autoscaler = (name: string, spec: object = {}) => ({
  kind: 'HorizontalPodAutoscaler',
  metadata: { name },
  spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, ...spec },
})
const patch = (path: string, body: unknown, type = 'merge-patch+json') =>
  api.raw(path, { method: 'PATCH', body, headers: { 'content-type': `application/${type}` } })

test('what is created in one version is read in the other', async t => {
  const created = await api.raw(v1, { body: autoscaler('both', { targetCPUUtilizationPercentage: 40 }) })
  t.is(created.status, 201)
  t.is(created.body.apiVersion, 'autoscaling/v1')
  t.is(created.body.spec.minReplicas, 1)
  const { body } = await api.raw(`${v2}/both`)
  t.is(body.apiVersion, 'autoscaling/v2')
  t.is(body.metadata.resourceVersion, created.body.metadata.resourceVersion)
  t.is(body.spec.metrics[0].resource.target.averageUtilization, 40)
})

test('a patch in v1 changes what v1 shows and keeps the rest', async t => {
  const memory = { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } }
  const metrics = [{ type: 'Resource', resource: memory }]
  await api.raw(v2, { body: autoscaler('kept', { metrics, behavior: { scaleDown: {} } }) })
  const patched = await patch(`${v1}/kept`, { spec: { maxReplicas: 9, targetCPUUtilizationPercentage: 30 } })
  t.is(patched.status, 200)
  t.is(patched.body.spec.targetCPUUtilizationPercentage, 30)
  const { spec } = (await api.raw(`${v2}/kept`)).body
  t.is(spec.maxReplicas, 9)
  t.like(spec.metrics[0], { resource: memory })
  t.is(spec.metrics[1].resource.target.averageUtilization, 30)
  t.is(spec.behavior.scaleDown.selectPolicy, 'Max')
})

for (const sort of ['merge', 'json']) {
  const change = (more: Record<string, unknown>) =>
    sort === 'merge'
      ? { apiVersion: more.apiVersion, spec: { maxReplicas: more.maxReplicas } }
      : [
          { op: 'replace', path: '/apiVersion', value: more.apiVersion },
          { op: 'replace', path: '/spec/maxReplicas', value: more.maxReplicas },
        ]

  test(`a patch is read in the version that it makes of an object, and answered in that of the path - ${sort}`, async t => {
    const name = `other-${sort}`
    const memory = { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } }
    const metrics = [{ type: 'Resource', resource: memory }]
    t.is((await api.raw(v2, { body: autoscaler(name, { metrics }) })).status, 201)
    await patch(`${v1}/${name}`, { spec: { targetCPUUtilizationPercentage: 30 } })

    const newer = change({ apiVersion: 'autoscaling/v2', maxReplicas: 7 })
    const asV2 = await patch(`${v1}/${name}?fieldManager=newer`, newer, `${sort}-patch+json`)
    t.is(asV2.status, 200, asV2.text)
    t.is(asV2.body.apiVersion, 'autoscaling/v1')
    t.like(asV2.body.spec, { maxReplicas: 7, targetCPUUtilizationPercentage: 80 }, 'v2 knows no such field')
    t.is(asV2.body.metadata.annotations, undefined, 'nor what v1 carries in annotations')
    t.regex(String(asV2.headers.warning), /unknown field \\"spec\.targetCPUUtilizationPercentage\\"/)
    const owners: any[] = asV2.body.metadata.managedFields
    const owned = owners.filter(({ manager }) => manager === 'newer')
    t.deepEqual(
      owned.map(owner => owner.apiVersion),
      ['autoscaling/v1'],
    )

    const older = change({ apiVersion: 'autoscaling/v1', maxReplicas: 8 })
    const asV1 = await patch(`${v2}/${name}`, older, `${sort}-patch+json`)
    t.is(asV1.status, 200, asV1.text)
    t.is(asV1.body.apiVersion, 'autoscaling/v2')
    t.is(asV1.body.spec.maxReplicas, 8)
    t.is(asV1.body.spec.metrics[0].resource.target.averageUtilization, 80)
    t.regex(String(asV1.headers.warning), /unknown field \\"spec\.metrics\\"/)
    t.is((await api.raw(`${v1}/${name}`)).body.spec.maxReplicas, 8)
  })
}

test('a strict patch of another version is refused for the fields that this one has not', async t => {
  await api.raw(v1, { body: autoscaler('strict', { targetCPUUtilizationPercentage: 40 }) })
  const { status, body } = await patch(`${v1}/strict?fieldValidation=Strict`, {
    apiVersion: 'autoscaling/v2',
  })
  t.is(status, 422, body.message)
  const why = 'strict decoding error: unknown field "spec.targetCPUUtilizationPercentage"'
  t.true(body.details.causes[0].message.endsWith(why), body.message)
})

test('autoscaling/v2 keeps no annotations that v1 carries its fields in', async t => {
  const metadata = {
    name: 'carriers',
    annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '[]', own: 'x' },
  }
  const { status, body } = await api.raw(v2, { body: { ...autoscaler('carriers'), metadata } })
  t.is(status, 201, body.message)
  t.deepEqual(body.metadata.annotations, { own: 'x' })
})

test('a whole object read in one version can be written back in it', async t => {
  await api.raw(v2, { body: autoscaler('back') })
  const { body } = await api.raw(`${v1}/back`)
  const answer = await api.raw(`${v1}/back`, { method: 'PUT', body })
  t.is(answer.status, 200)
  t.is(answer.body.metadata.resourceVersion, body.metadata.resourceVersion, 'nothing changed')
})

test('lists, watches and tables come in the version asked for', async t => {
  const list = (await api.raw(v1)).body
  t.is(list.apiVersion, 'autoscaling/v1')
  const { resourceVersion } = list.metadata
  const watch = await api.open(
    `${v1}?watch=1&fieldSelector=metadata.name%3Dwatched&resourceVersion=${resourceVersion}`,
  )
  await api.raw(v2, { body: autoscaler('watched') })
  await patch(`${v2}/watched/status`, { status: { desiredReplicas: 2, currentReplicas: 1 } })
  await api.raw(`${v2}/watched`, { method: 'DELETE' })
  const events = await takeEvents(watch, 3)
  t.deepEqual(
    events.map(({ type, object }) => `${type} ${object.apiVersion} ${object.metadata.name}`),
    ['ADDED', 'MODIFIED', 'DELETED'].map(type => `${type} autoscaling/v1 watched`),
  )
  t.is(events[0]!.object.spec.targetCPUUtilizationPercentage, 80)
  const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1'
  const table = (await api.raw(v1, { headers: { accept } })).body
  t.is(table.columnDefinitions[1].name, 'Reference')
})

test('an Event of one group is one of the other', async t => {
  const event = {
    metadata: { name: 'told' },
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
    note: 'hello',
    reason: 'Said',
    type: 'Normal',
    action: 'Say',
    eventTime: '2025-01-01T00:00:00.000000Z',
    reportingController: 'test.dev/x',
    reportingInstance: 'x-1',
  }
  t.is((await api.raw(newEvents, { body: event })).status, 201)
  const core = (await api.raw(`${coreEvents}/told`)).body
  t.like(core, { apiVersion: 'v1', message: 'hello', reportingComponent: 'test.dev/x' })
  t.is(core.involvedObject.name, 'p')
  const selected = (await api.raw(`${newEvents}?fieldSelector=regarding.name%3Dp`)).body
  t.is(selected.items.length, 1)
  t.is(selected.items[0].note, 'hello')
  t.is((await api.raw(`${newEvents}/told`, { method: 'DELETE' })).status, 200)
  t.is((await api.raw(`${coreEvents}/told`)).status, 404)
})

test('an Event of the newer group that a patch makes one of the core group is read as that', async t => {
  const involvedObject = { kind: 'Pod', name: 'regrouped', namespace: 'default' }
  const event = {
    metadata: { name: 'regrouped' },
    involvedObject,
    message: 'old',
    reason: 'Said',
    type: 'Normal',
  }
  t.is((await api.raw(coreEvents, { body: event })).status, 201)
  const change = { apiVersion: 'v1', regarding: null, note: null, involvedObject, message: 'new' }
  const { status, body } = await patch(`${newEvents}/regrouped`, change)
  t.is(status, 200, body.message)
  t.like(body, { apiVersion: 'events.k8s.io/v1', note: 'new', regarding: involvedObject })
})

test('deleting a collection in one version empties the other', async t => {
  const path = (version: string) => `/apis/autoscaling/${version}/namespaces/gone/horizontalpodautoscalers`
  await api.raw('/api/v1/namespaces', { body: { metadata: { name: 'gone' } } })
  await api.raw(path('v2'), { body: autoscaler('a') })
  const deleted = (await api.raw(path('v1'), { method: 'DELETE' })).body
  t.is(deleted.items[0].spec.targetCPUUtilizationPercentage, 80)
  t.deepEqual((await api.raw(path('v2'))).body.items, [])
})

test('kubectl autoscales in the version it speaks and shows the same columns', async t => {
  await api.kubectl('1.27', 'create', 'deployment', 'scaled', '--image=x')
  await api.kubectl('1.27', 'autoscale', 'deployment', 'scaled', '--max=4', '--cpu-percent=60')
  const rows = await Promise.all(
    ['v1', 'v2'].map(version => api.kubectl('1.33', 'get', `hpa.${version}.autoscaling`, 'scaled')),
  )
  t.regex(rows[0]!, /scaled +Deployment\/scaled +cpu: <unknown>\/60% +1 +4 +0/)
  t.is(rows[0]!.replace(/\d+s/, ''), rows[1]!.replace(/\d+s/, ''))
})

for (const resource of ['deployment', 'replicaset', 'statefulset', 'replicationcontroller']) {
  test(`kubectl scales and shows the scale - ${resource}`, async t => {
    const name = `s-${resource}`
    const labels = { app: name }
    const selector = resource === 'replicationcontroller' ? labels : { matchLabels: labels }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } }
    const path = resource === 'replicationcontroller' ? '/api/v1' : '/apis/apps/v1'
    const body = { metadata: { name }, spec: { selector, template } }
    const collection = `${path}/namespaces/default/${resource}s`
    t.is((await api.raw(collection, { body })).status, 201)
    await api.kubectl('1.33', 'scale', resource, name, '--replicas=7')
    const scale = (await api.raw(`${collection}/${name}/scale`)).body
    t.like(scale, { kind: 'Scale', spec: { replicas: 7 }, status: { selector: `app=${name}` } })
    const table = await api.kubectl('1.33', 'get', resource, name, '--subresource=scale')
    t.regex(table, new RegExp(`NAME +DESIRED +AVAILABLE +AGE\\n${name} +7 +0 `))
  })
}
