import test from 'ava'
import { startTestApiServer, type TestApiServer } from '../../helpers/api-server.ts'
import { definition, establish, version } from '../../helpers/custom-resources.ts'

let api: TestApiServer

const SCHEMA = {
  openAPIV3Schema: {
    type: 'object',
    properties: { status: { type: 'object', properties: { a: { type: 'string' } } } },
  },
}

test.before(async () => {
  api = await startTestApiServer()
  await establish(
    api,
    definition('example.com', [version('v1', {}, { schema: SCHEMA, subresources: { status: {} } })]),
  )
})
test.after.always(() => api.stop())

const given = (apiVersion: string, kind: string, more: object = {}): any => ({
  apiVersion,
  kind,
  metadata: {
    name: 'it',
    labels: { old: '1' },
    annotations: { old: '1' },
    finalizers: ['example.com/old'],
    ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'old', uid: 'old' }],
  },
  ...more,
})
const OTHERS = {
  labels: { new: '1' },
  annotations: { new: '1' },
  finalizers: ['example.com/new'],
  ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'new', uid: 'new' }],
}
const ALL = Object.keys(OTHERS) as (keyof typeof OTHERS)[]
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const selector = { matchLabels: { a: 'b' } }

const CORE = '/api/v1/namespaces/default'
const APPS = '/apis/apps/v1/namespaces/default'

/** Each with the fields of its metadata that a write of the status leaves alone. */
const KINDS: [path: string, object: any, kept: readonly (keyof typeof OTHERS)[]][] = [
  [`${CORE}/services`, given('v1', 'Service', { spec: { clusterIP: 'None', selector: { a: 'b' } } }), []],
  [`${APPS}/statefulsets`, given('apps/v1', 'StatefulSet', { spec: { selector, template } }), []],
  [`${APPS}/deployments`, given('apps/v1', 'Deployment', { spec: { selector, template } }), ['labels']],
  [
    `${CORE}/pods`,
    given('v1', 'Pod', { spec: { automountServiceAccountToken: false, ...template.spec } }),
    ['ownerReferences'],
  ],
  [
    '/apis/storage.k8s.io/v1/volumeattachments',
    given('storage.k8s.io/v1', 'VolumeAttachment', {
      spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } },
    }),
    ALL,
  ],
  [
    '/apis/apiregistration.k8s.io/v1/apiservices',
    {
      ...given('apiregistration.k8s.io/v1', 'APIService', {
        spec: {
          group: 'made.example.com',
          version: 'v1',
          groupPriorityMinimum: 1,
          versionPriority: 1,
          insecureSkipTLSVerify: true,
          service: { name: 's', namespace: 'default' },
        },
      }),
    },
    ALL,
  ],
  ['/apis/example.com/v1/namespaces/default/things', given('example.com/v1', 'Thing'), ALL],
]

for (const [path, object, kept] of KINDS) {
  const { kind } = object
  test(`a write of the status of a ${kind} leaves ${kept.join(', ') || 'nothing'} of its metadata alone`, async t => {
    if (kind === 'APIService') object.metadata.name = 'v1.made.example.com'
    await api.raw(`${CORE}/serviceaccounts`, {
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
    })
    const created = await api.raw(path, { body: object })
    t.is(created.status, 201, created.text)
    const at = `${path}/${object.metadata.name}`
    const answer = await api.mergePatch(`${at}/status`, { metadata: OTHERS })
    t.is(answer.status, 200, answer.text)
    const { metadata } = answer.body
    t.false('new' in metadata.labels === kept.includes('labels'))
    t.false('new' in metadata.annotations === kept.includes('annotations'))
    t.deepEqual(metadata.finalizers, [kept.includes('finalizers') ? 'example.com/old' : 'example.com/new'])
    t.is(metadata.ownerReferences[0].name, kept.includes('ownerReferences') ? 'old' : 'new')
    await api.mergePatch(at, { metadata: { finalizers: null } })
    await api.raw(`${at}?gracePeriodSeconds=0`, { method: 'DELETE' })
  })
}

test('the server says when a volume came into its phase', async t => {
  const path = '/api/v1/persistentvolumes'
  const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' } }
  const { body } = await api.raw(path, {
    body: { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'timed' }, spec },
  })
  t.regex(body.status.lastPhaseTransitionTime, /^\d{4}-.*Z$/)
  const put = (status: object) =>
    api.raw(`${path}/timed/status`, { method: 'PUT', body: { ...body, metadata: { name: 'timed' }, status } })
  const same = await put({ phase: 'Pending' })
  t.is(same.body.status.lastPhaseTransitionTime, body.status.lastPhaseTransitionTime)
  const told = await put({ phase: 'Available', lastPhaseTransitionTime: '2020-01-01T00:00:00Z' })
  t.is(told.body.status.lastPhaseTransitionTime, '2020-01-01T00:00:00Z')
  const moved = await put({ phase: 'Released' })
  t.true(moved.body.status.lastPhaseTransitionTime >= body.status.lastPhaseTransitionTime)
})

test('what is behind features that are off is not written', async t => {
  const body = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'set' },
    spec: { selector, template },
  }
  await api.raw(`${APPS}/replicasets`, { body })
  const { body: set } = await api.mergePatch(`${APPS}/replicasets/set/status`, {
    status: { replicas: 1, terminatingReplicas: 2 },
  })
  t.deepEqual(set.status, { replicas: 1 })
})

test('devices that others use are had only in namespaces that are marked for it', async t => {
  const claims = (namespace: string) => `/apis/resource.k8s.io/v1/namespaces/${namespace}/resourceclaims`
  const claim = (name: string) => ({
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: { name },
    spec: {
      devices: { requests: [{ name: 'all', exactly: { deviceClassName: 'gpus', adminAccess: true } }] },
    },
  })
  const refused = await api.raw(claims('default'), { body: claim('looking') })
  t.is(refused.status, 422)
  t.is(
    refused.body.message,
    'ResourceClaim.resource.k8s.io "looking" is invalid: spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
  )
  const labels = { 'resource.kubernetes.io/admin-access': 'true' }
  await api.raw('/api/v1/namespaces', {
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'monitoring', labels } },
  })
  const taken = await api.raw(claims('monitoring'), { body: claim('looking') })
  t.is(taken.status, 201, taken.text)
})

test('changes of endpoints are counted, and those of their labels', async t => {
  const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
  const { body } = await api.raw(path, {
    body: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 's' },
      addressType: 'IPv4',
      endpoints: [],
    },
  })
  t.is(body.metadata.generation, 1)
  const generationAfter = async (patch: object): Promise<number> => {
    const answer = await api.mergePatch(`${path}/s`, patch)
    return answer.body.metadata.generation
  }
  t.is(await generationAfter({ metadata: { annotations: { a: 'b' } } }), 1)
  t.is(await generationAfter({ metadata: { labels: { a: 'b' } } }), 2)
  t.is(await generationAfter({ endpoints: [{ addresses: ['192.0.2.1'] }] }), 3)
})

test('changes of a driver are counted, and what is switched off is not kept', async t => {
  const path = '/apis/storage.k8s.io/v1/csidrivers'
  const spec = { nodeAllocatableUpdatePeriodSeconds: 10 }
  const { body } = await api.raw(path, {
    body: { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name: 'd' }, spec },
  })
  t.false('nodeAllocatableUpdatePeriodSeconds' in body.spec)
  t.is(body.metadata.generation, undefined)
  const { body: changed } = await api.mergePatch(`${path}/d`, { spec: { podInfoOnMount: true } })
  t.is(changed.metadata.generation, 1)
})
