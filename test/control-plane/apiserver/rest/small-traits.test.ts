import test from 'ava'
import { startTestApiServer } from '../../../helpers/api-server.ts'
import { soundObjects } from '../../../helpers/sound-objects.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const core = '/api/v1/namespaces/default'
const batch = '/apis/batch/v1/namespaces/default'

for (const [path, resource, status] of [
  ['/apis/apps/v1/namespaces/default/replicasets', 'replicasets.apps', { replicas: 0 }],
  [
    '/apis/apps/v1/namespaces/default/statefulsets',
    'statefulsets.apps',
    { replicas: 0, availableReplicas: 0 },
  ],
  [
    '/apis/policy/v1/namespaces/default/poddisruptionbudgets',
    'poddisruptionbudgets.policy',
    { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
  ],
  [`${core}/services`, 'services', { loadBalancer: {} }],
] as const) {
  test(`a new object's status says that nothing is there yet - ${resource}`, async t => {
    const body = { metadata: { name: 'new' }, ...soundObjects[resource] }
    const made = await api.raw(path, { body })
    t.is(made.status, 201, made.text)
    t.deepEqual(made.body.status, status)
  })
}

test('a Node has one range for Pods in two places, and a status in which nothing is known', async t => {
  const body = { metadata: { name: 'node' }, spec: { podCIDR: '10.0.0.0/24' } }
  const made = await api.raw('/api/v1/nodes', { body })
  t.is(made.status, 201, made.text)
  t.deepEqual(made.body.spec.podCIDRs, ['10.0.0.0/24'])
  t.deepEqual(made.body.status.daemonEndpoints, { kubeletEndpoint: { Port: 0 } })
  t.is(made.body.status.nodeInfo.kubeletVersion, '')
})

test('a Job that is deleted without a word leaves its Pods behind, and says so', async t => {
  const body = { metadata: { name: 'job' }, ...soundObjects['jobs.batch'] }
  t.is((await api.raw(`${batch}/jobs`, { body })).status, 201)
  const gone = await api.raw(`${batch}/jobs/job`, { method: 'DELETE' })
  t.is(gone.status, 200)
  t.deepEqual(gone.body.metadata.finalizers, ['orphan'])
  t.regex(gone.headers.warning as string, /child pods are preserved by default when jobs are deleted/)
  const again = await api.raw(`${batch}/jobs`, { body })
  t.is(again.status, 409)
  t.is(again.body.message, 'object is being deleted: jobs.batch "job" already exists')
})

test('a deletion that is only tried shows the object as it would stay', async t => {
  const body = { metadata: { name: 'tried', finalizers: ['a/b'] } }
  t.is((await api.raw(`${core}/configmaps`, { body })).status, 201)
  const tried = await api.raw(`${core}/configmaps/tried?dryRun=All`, { method: 'DELETE' })
  t.is(tried.body.metadata.deletionGracePeriodSeconds, 0)
  const { metadata } = (await api.raw(`${core}/configmaps/tried`)).body
  t.is(metadata.deletionTimestamp, undefined)
})

test('an owner reference is owned whole', async t => {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }]
  const made = await api.raw(`${core}/configmaps`, { body: { metadata: { name: 'owned', ownerReferences } } })
  const [{ fieldsV1 }] = made.body.metadata.managedFields
  t.deepEqual(fieldsV1, { 'f:metadata': { 'f:ownerReferences': { '.': {}, 'k:{"uid":"u"}': {} } } })
})

test('the end of a namespace is written and not patched', async t => {
  const answer = await api.raw('/api/v1/namespaces/default/finalize', {
    method: 'PATCH',
    body: {},
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  t.is(answer.status, 405)
})

test('a balancer that asks nodes for their own endpoints has a port to ask at, and gives it back', async t => {
  const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80 }] }
  const body = { metadata: { name: 'asked' }, spec }
  const made = await api.raw(`${core}/services`, { body })
  t.is(made.status, 201, made.text)
  const port: number = made.body.spec.healthCheckNodePort
  t.true(port >= 30_000 && port < 32_768)
  const again = await api.raw(`${core}/services`, {
    body: { metadata: { name: 'other' }, spec: { ...spec, healthCheckNodePort: port } },
  })
  t.is(again.status, 500)
  t.is(
    again.body.message,
    `Internal error occurred: failed to allocate requested HealthCheck NodePort ${port}: provided port is already allocated`,
  )
  const kept = await api.raw(`${core}/services/asked`, { method: 'PUT', body })
  t.is(kept.body.spec.healthCheckNodePort, port)
  const changed = { ...kept.body, spec: { ...kept.body.spec, externalTrafficPolicy: 'Cluster' } }
  const dropped = await api.raw(`${core}/services/asked`, { method: 'PUT', body: changed })
  t.is(dropped.body.spec.healthCheckNodePort, undefined)
  const taken = await api.raw(`${core}/services`, {
    body: { metadata: { name: 'other' }, spec: { ...spec, healthCheckNodePort: port } },
  })
  t.is(taken.status, 201, taken.text)
})

test('a volume says by what amounts are divided, and that its claim has no metadata', async t => {
  const volumeClaimTemplate = {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }
  const resourceFieldRef = { containerName: 'a', resource: 'limits.cpu' }
  const volumes = [
    { name: 'down', downwardAPI: { items: [{ path: 'a', resourceFieldRef }] } },
    { name: 'claim', ephemeral: { volumeClaimTemplate } },
  ]
  const template = { spec: { containers: [{ name: 'a', image: 'a' }], volumes } }
  const made = await api.raw(`${core}/podtemplates`, { body: { metadata: { name: 'volumes' }, template } })
  t.is(made.status, 201, made.text)
  const [down, claim] = made.body.template.spec.volumes
  t.is(down.downwardAPI.items[0].resourceFieldRef.divisor, '0')
  t.deepEqual(claim.ephemeral.volumeClaimTemplate.metadata, {})
})
