import test from 'ava'
import {
  configureWebhook,
  patchAnswer,
  startAdmissionServer,
  until,
} from '../../helpers/admission-webhook.ts'
import { startTestApiServer } from '../../helpers/api-server.ts'
import { definition, establish, version } from '../../helpers/custom-resources.ts'

const server = await startAdmissionServer({ names: ['hook.behind.svc'] })
const events: any[] = []
const api = await startTestApiServer({
  audit: event => void events.push(event),
  auditPolicy: {
    rules: [{ level: 'Request', namespaces: ['patched'] }, { level: 'Metadata' }],
    omitStages: ['RequestReceived'],
  },
})
test.after.always(async () => {
  await api.stop()
  await server.stop()
})

const MERGE = { 'content-type': 'application/merge-patch+json' }
const inNamespace = async (name: string) => {
  await api.raw('/api/v1/namespaces', { body: { metadata: { name } } })
  return `/api/v1/namespaces/${name}`
}
const askedAt = (path: string) => server.asked.filter(asked => asked.path.startsWith(path))

test('a webhook changes what is created, and is told what admission/v1 says', async t => {
  const ns = await inNamespace('told')
  const clientConfig = server.at('/told', () => patchAnswer({ op: 'add', path: '/data/a', value: 'b' }))
  await configureWebhook(api, 'mutating', 'told', { clientConfig, timeoutSeconds: 27 })
  const made = await api.raw(`${ns}/configmaps?fieldManager=me&fieldValidation=Strict`, {
    body: { metadata: { name: 'x' }, data: { b: 'c' } },
  })
  t.is(made.status, 201, made.text)
  t.deepEqual(made.body.data, { a: 'b', b: 'c' })
  t.deepEqual((await api.raw(`${ns}/configmaps/x`)).body.data, { a: 'b', b: 'c' })
  const [asked] = askedAt('/told')
  t.is(asked!.path, '/told?timeout=27s')
  t.is(asked!.apiVersion, 'admission.k8s.io/v1')
  const { uid, object, userInfo, ...request } = asked!.request
  t.regex(uid, /^[0-9a-f-]{36}$/)
  t.is(object.metadata.name, 'x')
  t.is(object.metadata.uid, undefined)
  t.is(object.metadata.managedFields[0].manager, 'me')
  t.true(userInfo.groups.includes('system:masters'))
  t.deepEqual(request, {
    kind: { group: '', version: 'v1', kind: 'ConfigMap' },
    resource: { group: '', version: 'v1', resource: 'configmaps' },
    requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
    requestResource: { group: '', version: 'v1', resource: 'configmaps' },
    name: 'x',
    namespace: 'told',
    operation: 'CREATE',
    oldObject: null,
    dryRun: false,
    options: {
      kind: 'CreateOptions',
      apiVersion: 'meta.k8s.io/v1',
      fieldManager: 'me',
      fieldValidation: 'Strict',
    },
  })
})

test('what a webhook fills in is nobody’s, and the server’s own fields stay', async t => {
  const ns = await inNamespace('owned')
  const clientConfig = server.at('/owned', () =>
    patchAnswer(
      { op: 'add', path: '/metadata/labels', value: { by: 'hook' } },
      { op: 'add', path: '/metadata/uid', value: 'mine' },
    ),
  )
  await configureWebhook(api, 'mutating', 'owned', { clientConfig })
  const { body } = await api.raw(`${ns}/configmaps`, { body: { metadata: { name: 'x' }, data: { a: '1' } } })
  t.deepEqual(body.metadata.labels, { by: 'hook' })
  t.regex(body.metadata.uid, /^[0-9a-f-]{36}$/)
  t.deepEqual(Object.keys(body.metadata.managedFields[0].fieldsV1), ['f:data'])
  const changed = await api.raw(`${ns}/configmaps/x`, {
    method: 'PATCH',
    body: { data: { a: '2' } },
    headers: MERGE,
  })
  t.is(
    changed.body.message,
    'ConfigMap "x" is invalid: metadata.uid: Invalid value: "mine": field is immutable',
  )
})

test('a changed Pod gets defaults and its quality of service anew, and is validated', async t => {
  const ns = await inNamespace('pods')
  await api.raw(`${ns}/serviceaccounts`, { body: { metadata: { name: 'default' } } })
  const limits = { cpu: '1', memory: '1Gi' }
  let steps: object[] = [
    { op: 'add', path: '/spec/containers/-', value: { name: 'side', image: 'side', resources: { limits } } },
    { op: 'add', path: '/spec/containers/0/resources', value: { limits } },
  ]
  const clientConfig = server.at('/pods', () => patchAnswer(...steps))
  const rules = [{ operations: ['CREATE'], apiGroups: ['*'], apiVersions: ['*'], resources: ['pods'] }]
  await configureWebhook(api, 'mutating', 'pods', { clientConfig, rules })
  const pod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: 'a', image: 'x' }] } })
  const made = await api.raw(`${ns}/pods`, { body: pod('a') })
  t.is(made.status, 201, made.text)
  t.is(made.body.status.qosClass, 'Guaranteed')
  t.is(made.body.spec.containers[1].imagePullPolicy, 'Always')
  t.is(made.body.spec.containers[1].volumeMounts.length, 1, 'the plugins before it saw the change')
  steps = [{ op: 'replace', path: '/spec/containers/0/name', value: 'Not Fine' }]
  const bad = await api.raw(`${ns}/pods`, { body: pod('b') })
  t.is(bad.status, 422)
  t.regex(bad.body.message, /spec\.containers\[0\]\.name: Invalid value: "Not Fine"/)
})

test('webhooks are asked in the order of their configurations, and again where they want to be', async t => {
  const ns = await inNamespace('order')
  const append = (letter: string) => (request: any) =>
    patchAnswer({ op: 'add', path: '/data', value: { said: (request.object.data?.said ?? '') + letter } })
  const policy = { reinvocationPolicy: 'IfNeeded' }
  await configureWebhook(
    api,
    'mutating',
    'order',
    { clientConfig: server.at('/order/b', append('b')) },
    'order-b',
  )
  await configureWebhook(
    api,
    'mutating',
    'order',
    { clientConfig: server.at('/order/a', append('a')), ...policy },
    'order-a',
  )
  await configureWebhook(
    api,
    'mutating',
    'order',
    { clientConfig: server.at('/order/c', append('c')), ...policy },
    'order-c',
  )
  const { body } = await api.raw(`${ns}/configmaps`, { body: { metadata: { name: 'x' } } })
  t.is(body.data.said, 'abcac', 'b never is; c is as a changed something after it')
})

test('a patch that cannot be applied, or comes without its type, is the webhook’s fault', async t => {
  const ns = await inNamespace('broken')
  let answer: object = patchAnswer({ op: 'replace', path: '/data/none', value: '1' })
  const clientConfig = server.at('/broken', () => answer)
  await configureWebhook(api, 'mutating', 'broken', { clientConfig }, 'broken')
  const create = () => api.raw(`${ns}/configmaps`, { body: { metadata: { name: 'x' } } })
  const unapplied = await create()
  t.like(unapplied.body, {
    code: 500,
    reason: 'InternalError',
    message:
      'Internal error occurred: replace operation does not apply: doc is missing key: /data/none: missing value',
  })
  answer = { allowed: true, patch: 'W10=' }
  t.is(
    (await create()).body.message,
    'Internal error occurred: failed calling webhook "broken.example.com": received invalid webhook response: webhook returned response.patch but not response.patchType',
  )
  answer = { allowed: true, uid: 'other' }
  t.regex(
    (await create()).body.message,
    /received invalid webhook response: expected response\.uid="[^"]+", got "other"/,
  )
})

test('a Scale is shown and changed as a Scale', async t => {
  await inNamespace('scaled')
  const clientConfig = server.at('/scaled', () =>
    patchAnswer({ op: 'replace', path: '/spec/replicas', value: 3 }),
  )
  const rules = [
    { operations: ['UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments/scale'] },
  ]
  await configureWebhook(api, 'mutating', 'scaled', { clientConfig, rules })
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'x' }] } }
  const path = '/apis/apps/v1/namespaces/scaled/deployments'
  const made = await api.raw(path, {
    body: { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } },
  })
  t.is(made.status, 201, made.text)
  const scaled = await api.raw(`${path}/d/scale`, {
    method: 'PATCH',
    body: { spec: { replicas: 9 } },
    headers: MERGE,
  })
  t.is(scaled.body.spec.replicas, 3, scaled.text)
  t.is((await api.raw(`${path}/d`)).body.spec.replicas, 3)
  const [asked] = askedAt('/scaled')
  t.deepEqual(asked!.request.kind, { group: 'autoscaling', version: 'v1', kind: 'Scale' })
  t.is(asked!.request.subResource, 'scale')
  t.is(asked!.request.object.spec.replicas, 9)
  t.is(asked!.request.oldObject.spec.replicas, 1)
})

test('an equivalent version is converted for the webhook, and its changes back', async t => {
  await inNamespace('equal')
  const clientConfig = server.at('/equal', () =>
    patchAnswer({ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 11 }),
  )
  const rules = [
    {
      operations: ['CREATE'],
      apiGroups: ['autoscaling'],
      apiVersions: ['v1'],
      resources: ['horizontalpodautoscalers'],
    },
  ]
  await configureWebhook(api, 'mutating', 'equal', { clientConfig, rules })
  const resource = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } }
  const spec = {
    maxReplicas: 3,
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
    metrics: [{ type: 'Resource', resource }],
  }
  const made = await api.raw('/apis/autoscaling/v2/namespaces/equal/horizontalpodautoscalers', {
    body: { metadata: { name: 'h' }, spec },
  })
  t.is(made.status, 201, made.text)
  t.is(made.body.spec.metrics[0].resource.target.averageUtilization, 11)
  const [asked] = askedAt('/equal')
  t.is(asked!.request.kind.version, 'v1')
  t.is(asked!.request.requestKind.version, 'v2')
  t.is(asked!.request.object.apiVersion, 'autoscaling/v1')
})

test('a generated name is made up after webhooks have been asked', async t => {
  const ns = await inNamespace('generated')
  await configureWebhook(api, 'mutating', 'generated', {
    clientConfig: server.at('/generated', () => ({ allowed: true })),
  })
  await configureWebhook(api, 'validating', 'generated', {
    clientConfig: server.at('/generated/after', () => ({ allowed: true })),
  })
  const { body } = await api.raw(`${ns}/configmaps`, { body: { metadata: { generateName: 'x-' } } })
  const [before, after] = askedAt('/generated')
  t.is(before!.request.name, undefined)
  t.is(before!.request.object.metadata.name, undefined)
  t.is(after!.request.name, body.metadata.name)
  t.is(after!.request.object.metadata.uid, body.metadata.uid)
})

test('a custom resource is converted for a webhook of another version, and pruned after it', async t => {
  const group = 'versions.example.com'
  const schema = { host: { type: 'string' } }
  await establish(api, definition(group, [version('v1', schema, { storage: false }), version('v2', schema)]))
  await inNamespace('versions')
  const clientConfig = server.at('/versions', () =>
    patchAnswer(
      { op: 'add', path: '/spec/host', value: 'hooked' },
      { op: 'add', path: '/spec/unknown', value: 'x' },
    ),
  )
  const rules = [{ operations: ['CREATE'], apiGroups: [group], apiVersions: ['v1'], resources: ['*'] }]
  await configureWebhook(api, 'mutating', 'versions', { clientConfig, rules })
  const made = await api.raw(`/apis/${group}/v2/namespaces/versions/things`, {
    body: { apiVersion: `${group}/v2`, kind: 'Thing', metadata: { name: 'a' }, spec: { host: 'x' } },
  })
  t.is(made.status, 201, made.text)
  t.deepEqual(made.body.spec, { host: 'hooked' })
  t.is(made.body.apiVersion, `${group}/v2`)
  const [asked] = askedAt('/versions')
  t.is(asked!.request.object.apiVersion, `${group}/v1`)
  t.is(asked!.request.requestResource.version, 'v2')
  t.is(asked!.request.resource.version, 'v1')
})

test('an eviction is told of as that, and not as the deletion that follows', async t => {
  const ns = await inNamespace('evicted')
  await api.raw(`${ns}/serviceaccounts`, { body: { metadata: { name: 'default' } } })
  const clientConfig = server.at('/evicted', () => ({ allowed: true }))
  const rules = [
    {
      operations: ['*'],
      apiGroups: ['*'],
      apiVersions: ['*'],
      resources: ['pods', 'pods/eviction', 'pods/binding'],
    },
  ]
  await configureWebhook(api, 'mutating', 'evicted', { clientConfig, rules })
  const spec = { containers: [{ name: 'a', image: 'x' }] }
  await api.raw(`${ns}/pods`, { body: { metadata: { name: 'p' }, spec } })
  const target = { apiVersion: 'v1', kind: 'Node', name: 'n' }
  const bound = await api.raw(`${ns}/pods/p/binding`, { body: { metadata: { name: 'p' }, target } })
  t.is(bound.status, 201, bound.text)
  const evicted = await api.raw(`${ns}/pods/p/eviction`, {
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } },
  })
  t.is(evicted.status, 201, evicted.text)
  const told = askedAt('/evicted').map(
    ({ request }) => `${request.operation} ${request.kind.kind} ${request.subResource}`,
  )
  t.deepEqual(told, ['CREATE Pod undefined', 'CREATE Binding binding', 'CREATE Eviction eviction'])
})

test('the audit log is told who changed something, and what where bodies are told', async t => {
  const steps = [{ op: 'add', path: '/data', value: { secret: 'x' } }]
  const clientConfig = server.at('/audited', () => patchAnswer(...steps))
  const annotationsIn = async (name: string) => {
    const ns = await inNamespace(name)
    await configureWebhook(api, 'mutating', name, { clientConfig }, name)
    const { headers } = await api.raw(`${ns}/configmaps`, { body: { metadata: { name: 'x' } } })
    const find = () => events.find(({ auditID }) => auditID === headers['audit-id'])
    await until(() => find() !== undefined)
    return Object.entries<string>(find().annotations).filter(([key]) => key.includes('webhook'))
  }
  const noted = (entries: [string, string][]) =>
    Object.fromEntries(entries.map(([key, value]) => [key.replace(/_index_\d+$/, ''), JSON.parse(value)]))
  const mutation = (name: string, mutated: boolean) => ({
    configuration: name,
    webhook: `${name}.example.com`,
    mutated,
  })
  t.deepEqual(noted(await annotationsIn('plainly')), {
    'mutation.webhook.admission.k8s.io/round_0': mutation('plainly', true),
  })
  t.deepEqual(noted(await annotationsIn('patched')), {
    'mutation.webhook.admission.k8s.io/round_0': mutation('patched', true),
    'patch.webhook.admission.k8s.io/round_0': {
      configuration: 'patched',
      webhook: 'patched.example.com',
      patch: steps,
      patchType: 'JSONPatch',
    },
  })
})

test('a webhook that knows only v1beta1 is asked and answers in that', async t => {
  const ns = await inNamespace('older')
  const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/data', value: { a: 'b' } }])).toString(
    'base64',
  )
  const clientConfig = server.at('/older', () => ({ allowed: true, uid: 'any', patch }))
  await configureWebhook(api, 'mutating', 'older', {
    clientConfig,
    admissionReviewVersions: ['v9', 'v1beta1'],
  })
  const made = await api.raw(`${ns}/configmaps`, { body: { metadata: { name: 'x' } } })
  t.is(made.status, 201, made.text)
  t.deepEqual(made.body.data, { a: 'b' })
  t.is(askedAt('/older')[0]!.apiVersion, 'admission.k8s.io/v1beta1')
})

test('server-side apply and deletions of many are asked about like all else', async t => {
  const ns = await inNamespace('many')
  const clientConfig = server.at('/many', () => ({ allowed: true }))
  await configureWebhook(api, 'mutating', 'many', { clientConfig })
  const applied = await api.raw(`${ns}/configmaps/x?fieldManager=me`, {
    method: 'PATCH',
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: 'b' } },
    headers: { 'content-type': 'application/apply-patch+yaml' },
  })
  t.is(applied.status, 201, applied.text)
  await api.raw(`${ns}/configmaps`, { body: { metadata: { name: 'y' } } })
  await api.raw(`${ns}/configmaps`, { method: 'DELETE' })
  const told = askedAt('/many').map(
    ({ request }) => `${request.operation} ${request.name} ${request.options.kind}`,
  )
  t.deepEqual([...new Set(told)].sort(), [
    'CREATE x CreateOptions',
    'CREATE y CreateOptions',
    'DELETE x DeleteOptions',
    'DELETE y DeleteOptions',
  ])
})
