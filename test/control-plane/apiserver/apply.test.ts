import test from 'ava'
import { configMaps } from '../../../api/kinds/core.ts'
import { type RawRequest, startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const APPLY = { 'content-type': 'application/apply-patch+yaml' }
const base = '/api/v1/namespaces/default/configmaps'
const deployments = '/apis/apps/v1/namespaces/default/deployments'

let last = 0
const newName = (): string => `applied-${++last}`

const configMap = (name: string, data: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})

const deployment = (
  name: string,
  spec: object = {},
  containers: object[] = [{ name: 'web', image: 'web:1' }],
) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers } },
    ...spec,
  },
})

const apply = (path: string, body: unknown, query = 'fieldManager=one', request: Partial<RawRequest> = {}) =>
  api.raw(`${path}?${query}`, { method: 'PATCH', body, headers: APPLY, ...request })

const applyMap = (name: string, data: object, query?: string) =>
  apply(`${base}/${name}`, configMap(name, data), query)

/** `manager operation subresource` → FieldsV1. */
const owners = (object: any): Record<string, unknown> =>
  Object.fromEntries(
    (object.metadata.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }: any) => [
      [manager, operation, subresource].filter(Boolean).join(' '),
      fieldsV1,
    ]),
  )

test('apply creates an object that is not there, and owns what it gave', async t => {
  const name = newName()
  const { status, body } = await applyMap(name, { a: '1' })
  t.is(status, 201)
  t.deepEqual(owners(body), { 'one Apply': { 'f:data': { 'f:a': {} } } })
  const [entry] = body.metadata.managedFields
  t.is(entry.apiVersion, 'v1')
  t.is(entry.fieldsType, 'FieldsV1')
  t.regex(entry.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
})

test('applying the same again changes nothing, not even the resourceVersion', async t => {
  const name = newName()
  const first = await applyMap(name, { a: '1' })
  await new Promise(resolve => setTimeout(resolve, 1_100))
  const second = await applyMap(name, { a: '1' })
  t.is(second.status, 200)
  t.deepEqual(second.body, first.body)
})

test('apply needs a field manager, and force is for apply alone', async t => {
  const name = newName()
  const missing = await apply(`${base}/${name}`, configMap(name, {}), '')
  t.is(missing.status, 422)
  t.is(
    missing.body.message,
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  )
  await applyMap(name, {})
  const merge = await api.raw(`${base}/${name}?force=true`, {
    method: 'PATCH',
    body: {},
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  t.is(merge.status, 422)
  t.true(merge.body.message.includes('force: Forbidden: may not be specified for non-apply patch'))
})

test('what another applier owns is a conflict that names manager and field', async t => {
  const name = newName()
  await applyMap(name, { a: '1', b: '1' })
  const one = await applyMap(name, { a: '2' }, 'fieldManager=two')
  t.is(one.status, 409)
  t.is(one.body.reason, 'Conflict')
  t.is(one.body.message, 'Apply failed with 1 conflict: conflict with "one": .data.a')
  t.deepEqual(one.body.details.causes, [
    { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
  ])
  const several = await applyMap(name, { a: '2', b: '2' }, 'fieldManager=two')
  t.is(several.body.message, 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b')
})

test('a forced apply takes what others own', async t => {
  const name = newName()
  await applyMap(name, { a: '1', b: '1' })
  const { status, body } = await applyMap(name, { a: '2' }, 'fieldManager=two&force=true')
  t.is(status, 200)
  t.deepEqual(body.data, { a: '2', b: '1' })
  t.deepEqual(owners(body), {
    'one Apply': { 'f:data': { 'f:b': {} } },
    'two Apply': { 'f:data': { 'f:a': {} } },
  })
})

test('two appliers of the same value own it together; it goes when the last gives it up', async t => {
  const name = newName()
  await applyMap(name, { a: '1', b: '1' })
  await applyMap(name, { a: '1' }, 'fieldManager=two')
  const kept = await applyMap(name, { b: '1' })
  t.deepEqual(kept.body.data, { a: '1', b: '1' })
  const gone = await applyMap(name, {}, 'fieldManager=two')
  t.deepEqual(gone.body.data, { b: '1' })
  // An empty map that is given is owned as such.
  t.deepEqual(owners(gone.body), {
    'one Apply': { 'f:data': { 'f:b': {} } },
    'two Apply': { 'f:data': {} },
  })
})

test('an update takes over what it changes, and only that', async t => {
  const name = newName()
  const { body: object } = await applyMap(name, { a: '1', b: '1' })
  object.data.a = '2'
  const { body } = await api.raw(`${base}/${name}?fieldManager=editor`, { method: 'PUT', body: object })
  t.deepEqual(owners(body), {
    'one Apply': { 'f:data': { 'f:b': {} } },
    'editor Update': { 'f:data': { 'f:a': {} } },
  })
  const refused = await applyMap(name, { a: '1', b: '1' })
  t.is(refused.body.message, 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.a')
})

test('lists are merged by their keys, defaulted ones among them', async t => {
  const name = newName()
  const ports = [{ containerPort: 80, name: 'http' }]
  await apply(`${deployments}/${name}`, deployment(name, {}, [{ name: 'web', image: 'web:1', ports }]))
  const sidecar = { name: 'sidecar', image: 'proxy:1' }
  const web = { name: 'web', ports: [{ containerPort: 80, protocol: 'UDP', name: 'quic' }] }
  const { status, body } = await apply(
    `${deployments}/${name}`,
    deployment(name, {}, [sidecar, web]),
    'fieldManager=two',
  )
  t.is(status, 200, body.message)
  const { containers } = body.spec.template.spec
  t.deepEqual(
    containers.map((container: any) => container.name),
    ['sidecar', 'web'],
  )
  t.deepEqual(
    containers[1].ports.map((port: any) => `${port.name} ${port.protocol}`),
    ['http TCP', 'quic UDP'],
  )
  const { body: after } = await apply(
    `${deployments}/${name}`,
    deployment(name, {}, [{ name: 'web' }]),
    'fieldManager=two',
  )
  t.deepEqual(
    after.spec.template.spec.containers.map((container: any) => container.name),
    ['web'],
  )
})

test('the status is owned by who writes it by its subresource', async t => {
  const name = newName()
  await apply(`${deployments}/${name}`, deployment(name, { replicas: 2 }))
  const status = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, status: { replicas: 2 } }
  const applied = await apply(`${deployments}/${name}/status`, status, 'fieldManager=controller')
  t.is(applied.status, 200, applied.body.message)
  t.deepEqual(owners(applied.body)['controller Apply status'], { 'f:status': { 'f:replicas': {} } })
  const ignored = await apply(
    `${deployments}/${name}`,
    { ...deployment(name), status: { replicas: 5 } },
    'fieldManager=two',
  )
  t.is(ignored.status, 200, ignored.body.message)
  t.is(ignored.body.status.replicas, 2)
  t.false('f:status' in (owners(ignored.body)['two Apply'] as object))
})

test('scale takes over replicas, by update and by apply', async t => {
  const name = newName()
  await apply(`${deployments}/${name}`, deployment(name, { replicas: 2 }))
  const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name }, spec: { replicas: 3 } }
  const refused = await apply(`${deployments}/${name}/scale`, scale, 'fieldManager=hpa')
  t.is(refused.body.message, 'Apply failed with 1 conflict: conflict with "one": .spec.replicas')
  const forced = await apply(`${deployments}/${name}/scale`, scale, 'fieldManager=hpa&force=true')
  t.is(forced.status, 200, forced.body.message)
  t.is(forced.body.spec.replicas, 3)
  const { body } = await api.raw(`${deployments}/${name}`)
  t.deepEqual(owners(body)['hpa Apply scale'], { 'f:spec': { 'f:replicas': {} } })
  const again = await apply(`${deployments}/${name}`, deployment(name, { replicas: 2 }))
  t.is(
    again.body.message,
    'Apply failed with 1 conflict: conflict with "hpa" with subresource "scale": .spec.replicas',
  )
})

test('a configuration that the schema does not allow is refused in upstream words', async t => {
  const name = newName()
  const path = `${deployments}/${name}`
  const bad = await apply(path, deployment(name, { replica: 2 }))
  t.is(bad.status, 500)
  t.is(
    bad.body.message,
    `failed to create typed patch object (/${name}; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema`,
  )
  const wrong = await apply(path, deployment(name, {}, [{ name: 'web', env: [{ name: 'A', value: 1 }] }]))
  t.true(
    wrong.body.message.endsWith(
      '.spec.template.spec.containers[name="web"].env[name="A"].value: expected string, got &value.valueUnstructured{Value:1}',
    ),
    wrong.body.message,
  )
  const managed = await apply(path, { ...deployment(name), metadata: { name, managedFields: [{}] } })
  t.is(managed.status, 400)
  t.is(managed.body.message, 'metadata.managedFields must be nil')
  const version = await apply(path, { ...deployment(name), apiVersion: 'apps/v2' })
  t.is(version.body.message, 'invalid object type: apps/v2, Kind=Deployment')
  const nothing = await apply(path, '')
  t.is(nothing.body.message, 'invalid object type: /, Kind=')
  const list = await apply(path, '- a')
  t.is(
    list.body.message,
    'error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}',
  )
})

test('preconditions of uid and resourceVersion hold for apply', async t => {
  const name = newName()
  const uid = { uid: '00000000-0000-0000-0000-000000000000' }
  const fresh = await apply(`${base}/${name}`, configMap(name, {}, uid))
  t.is(fresh.status, 409)
  t.true(fresh.body.message.includes('uid mismatch: the provided object specified uid'))
  await applyMap(name, { a: '1' })
  const other = await apply(`${base}/${name}`, configMap(name, { a: '1' }, uid))
  t.is(other.status, 422)
  t.true(other.body.message.endsWith('field is immutable'))
  const old = await apply(`${base}/${name}`, configMap(name, { a: '2' }, { resourceVersion: '1' }))
  t.is(old.status, 409)
  t.true(old.body.message.includes('the object has been modified'))
})

test('dryRun shows what apply would do', async t => {
  const name = newName()
  const created = await applyMap(name, { a: '1' }, 'fieldManager=one&dryRun=All')
  t.is(created.status, 201)
  t.is((await api.raw(`${base}/${name}`)).status, 404)
  await applyMap(name, { a: '1' })
  const changed = await applyMap(name, { a: '2' }, 'fieldManager=one&dryRun=All')
  t.is(changed.body.data.a, '2')
  t.is((await api.raw(`${base}/${name}`)).body.data.a, '1')
})

test('keys that stand twice are refused, or warned of, as fieldValidation says', async t => {
  const name = newName()
  const yaml = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata:\n  a: "1"\n  a: "2"\n`
  const strict = await apply(`${base}/${name}`, yaml, 'fieldManager=one&fieldValidation=Strict')
  t.is(strict.status, 400)
  t.is(
    strict.body.message,
    'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 6: key "a" already set in map',
  )
  const warned = await apply(`${base}/${name}`, yaml)
  t.is(warned.status, 201)
  t.is(warned.body.data.a, '2')
  t.true(String(warned.headers.warning).includes('already set in map'))
})

test('who writes is told by fieldManager, else by the name of the client', async t => {
  const name = newName()
  const agent = { 'user-agent': 'my-tool/v1.2 (linux/amd64)' }
  const { body } = await api.raw(base, { body: configMap(name, { a: '1' }), headers: agent })
  t.deepEqual(owners(body), { 'my-tool Update': { 'f:data': { '.': {}, 'f:a': {} } } })
  const long = await api.raw(`${base}?fieldManager=${'x'.repeat(129)}`, { body: configMap(newName(), {}) })
  t.true(long.body.message.includes('fieldManager: Too long: may not be more than 128 bytes'))
  const odd = await api.raw(`${base}?fieldManager=a%00b`, { body: configMap(newName(), {}) })
  t.true(odd.body.message.includes('should only contain printable characters'))
})

test('managedFields may be given up, and are then not kept until somebody applies', async t => {
  const name = newName()
  await api.raw(base, { body: configMap(name, { a: '1' }) })
  const merge = (body: object) =>
    api.raw(`${base}/${name}`, {
      method: 'PATCH',
      body,
      headers: { 'content-type': 'application/merge-patch+json' },
    })
  for (const managedFields of [[{}], []]) {
    const { body } = await merge({ metadata: { managedFields }, data: { b: '1' } })
    t.is(body.metadata.managedFields, undefined)
  }
  const { body } = await applyMap(name, { c: '1' })
  t.deepEqual(owners(body), {
    'before-first-apply Update': { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } },
    'one Apply': { 'f:data': { 'f:c': {} } },
  })
})

test('managedFields that are not valid are not taken, valid ones are', async t => {
  const name = newName()
  const { body: object } = await api.raw(base, { body: configMap(name, { a: '1' }) })
  const before = object.metadata.managedFields
  for (const managedFields of [
    [{ manager: 'x', operation: 'Other', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} }],
    [{ manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV2', fieldsV1: {} }],
    [
      {
        manager: 'x',
        operation: 'Update',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'q:a': {} },
      },
    ],
  ]) {
    const { status, body } = await api.raw(`${base}/${name}`, {
      method: 'PUT',
      body: { ...object, metadata: { ...object.metadata, managedFields } },
    })
    t.is(status, 200)
    t.deepEqual(body.metadata.managedFields, before)
  }
  const long = await api.raw(`${base}/${name}`, {
    method: 'PUT',
    body: {
      ...object,
      metadata: { ...object.metadata, managedFields: [{ ...before[0], manager: 'x'.repeat(129) }] },
    },
  })
  t.is(long.status, 422)
  t.true(
    long.body.message.includes('metadata.managedFields[0].manager: Too long: may not be more than 128 bytes'),
  )
  const mine = { ...before[0], manager: 'renamed' }
  const { body } = await api.raw(`${base}/${name}`, {
    method: 'PUT',
    body: { ...object, metadata: { ...object.metadata, managedFields: [mine] } },
  })
  t.deepEqual(body.metadata.managedFields, [mine])
})

test('more than ten writers by update share the record of the oldest', async t => {
  const name = newName()
  await api.raw(`${base}?fieldManager=w0`, { body: configMap(name, { k0: '0' }) })
  for (let i = 1; i <= 12; i++) {
    await api.raw(`${base}/${name}?fieldManager=w${i}`, {
      method: 'PATCH',
      body: { data: { [`k${i}`]: String(i) } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
  }
  const { body } = await api.raw(`${base}/${name}`)
  const all = owners(body)
  t.is(Object.keys(all).length, 10)
  const fields = Object.values(all).flatMap((set: any) => Object.keys(set['f:data']))
  t.is(new Set(fields.filter(field => field !== '.')).size, 13)
  t.true('ancient-changes Update' in all)
})

test('a JSON patch may take a record out, or clear them all', async t => {
  const name = newName()
  await applyMap(name, { a: '1' })
  await applyMap(name, { b: '1' }, 'fieldManager=two')
  const patch = (body: object) =>
    api.raw(`${base}/${name}`, {
      method: 'PATCH',
      body,
      headers: { 'content-type': 'application/json-patch+json' },
    })
  const one = await patch([{ op: 'remove', path: '/metadata/managedFields/0' }])
  t.is(Object.keys(owners(one.body)).length, 1)
  const renamed = await patch([{ op: 'replace', path: '/metadata/managedFields/0/manager', value: 'new' }])
  t.deepEqual(Object.keys(owners(renamed.body)), ['new Apply'])
  const cleared = await patch([{ op: 'replace', path: '/metadata/managedFields', value: [{}] }])
  t.is(cleared.body.metadata.managedFields, undefined)
})

test('managedFields are the same in all forms of an answer', async t => {
  const name = newName()
  const { body } = await applyMap(name, { a: '1' })
  const { managedFields } = body.metadata
  t.deepEqual((await api.raw(`${base}/${name}`)).body.metadata.managedFields, managedFields)
  const list = await api.raw(`${base}?fieldSelector=metadata.name=${name}`)
  t.deepEqual(list.body.items[0].metadata.managedFields, managedFields)
  const pretty = await api.raw(`${base}/${name}?pretty=true`)
  t.deepEqual(pretty.body.metadata.managedFields, managedFields)
  const partial = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
  const metadata = await api.raw(`${base}/${name}`, { headers: { accept: partial } })
  t.deepEqual(metadata.body.metadata.managedFields, managedFields)
  const tableType = 'application/json;as=Table;g=meta.k8s.io;v=v1'
  const table = await api.raw(`${base}/${name}`, { headers: { accept: tableType } })
  t.deepEqual(table.body.rows[0].object.metadata.managedFields, managedFields)
})

test('who may patch and not create cannot apply what is not there', async t => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default'
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch', 'get'] }]
  await api.raw(`${rbac}/roles`, { body: { metadata: { name: 'patcher' }, rules } })
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'patcher' }
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }]
  await api.raw(`${rbac}/rolebindings`, { body: { metadata: { name: 'patcher' }, roleRef, subjects } })
  const headers = { ...APPLY, 'impersonate-user': 'jane' }
  const name = newName()
  const write = () => apply(`${base}/${name}`, configMap(name, { a: '1' }), 'fieldManager=one', { headers })
  let refused = await write()
  // The authorizer learns of roles a moment after they were stored.
  while (refused.body.message.includes('cannot patch')) refused = await write()
  t.is(refused.status, 403)
  t.true(refused.body.message.includes('cannot create resource "configmaps"'), refused.body.message)
  await applyMap(name, {})
  t.is((await write()).status, 200)
})

test('what was applied from the client’s side is taken over without conflict, and kept up to date', async t => {
  const name = newName()
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
  const config = (data: object) => configMap(name, data)
  const lastApplied = `${JSON.stringify(config({ a: '1', b: '1' }))}\n`
  await api.raw(`${base}?fieldManager=kubectl-client-side-apply`, {
    body: configMap(name, { a: '1', b: '1' }, { annotations: { [annotation]: lastApplied } }),
  })
  const other = await apply(`${base}/${name}`, config({ a: '2' }), 'fieldManager=other')
  t.is(
    other.body.message,
    'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.a',
  )
  const { status, body } = await apply(`${base}/${name}`, config({ a: '2' }), 'fieldManager=kubectl')
  t.is(status, 200, body.message)
  t.deepEqual(JSON.parse(body.metadata.annotations[annotation]).data, { a: '2' })
})

test('a custom resource is merged by the lists and maps of its schema, in all its versions', async t => {
  const properties = {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer' },
        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        rules: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, to: { type: 'string' } },
          },
        },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
    status: { type: 'object', properties: { size: { type: 'integer' } } },
  }
  const schema = { openAPIV3Schema: { type: 'object', properties } }
  const version = (name: string, storage: boolean) => ({
    name,
    served: true,
    storage,
    schema,
    subresources: { status: {} },
  })
  const group = 'apply.example.com'
  await api.raw('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    body: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `things.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
        versions: [version('v1', true), version('v2', false)],
      },
    },
  })
  const path = (version: string) => `/apis/${group}/${version}/namespaces/default/things`
  while ((await api.raw(path('v2'))).status !== 200) await new Promise(resolve => setTimeout(resolve, 20))
  const thing = (version: string, spec: object) => ({
    apiVersion: `${group}/${version}`,
    kind: 'Thing',
    metadata: { name: 'one' },
    spec,
  })
  const one = await apply(
    `${path('v1')}/one`,
    thing('v1', { size: 1, tags: ['a'], rules: [{ name: 'x', to: 'y' }], free: { deep: { a: 1 } } }),
  )
  t.is(one.status, 201, one.body.message)
  const two = await apply(
    `${path('v2')}/one`,
    thing('v2', { tags: ['b'], rules: [{ name: 'z' }], free: { deep: { b: 1 } } }),
    'fieldManager=two',
  )
  t.is(two.status, 200, two.body.message)
  t.deepEqual(two.body.spec, {
    size: 1,
    tags: ['a', 'b'],
    rules: [{ name: 'x', to: 'y' }, { name: 'z' }],
    free: { deep: { a: 1, b: 1 } },
  })
  const conflict = await apply(`${path('v2')}/one`, thing('v2', { size: 2 }), 'fieldManager=two')
  t.is(conflict.body.message, 'Apply failed with 1 conflict: conflict with "one": .spec.size')
  const gone = await apply(`${path('v2')}/one`, thing('v2', { tags: ['b'] }))
  t.is(gone.status, 200, gone.body.message)
  t.deepEqual(gone.body.spec, { tags: ['b'], rules: [{ name: 'z' }], free: { deep: { b: 1 } } })
  const unknown = await apply(`${path('v1')}/one`, thing('v1', { wrong: 1 }))
  t.true(unknown.body.message.endsWith('.spec.wrong: field not declared in schema'), unknown.body.message)
  const merge = { 'content-type': 'application/merge-patch+json', 'user-agent': 'controller/v1' }
  const status = await api.raw(`${path('v1')}/one/status`, {
    method: 'PATCH',
    body: { status: { size: 3 } },
    headers: merge,
  })
  t.deepEqual(owners(status.body)['controller Update status'], {
    'f:status': { '.': {}, 'f:size': {} },
  })
})

test('a kind in two versions is owned in both', async t => {
  const name = newName()
  const path = (version: string) =>
    `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers/${name}`
  const scaler = (version: string, spec: object) => ({
    apiVersion: `autoscaling/${version}`,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, ...spec },
  })
  const first = await apply(path('v1'), scaler('v1', { maxReplicas: 3, targetCPUUtilizationPercentage: 50 }))
  t.is(first.status, 201, first.body.message)
  const second = await apply(path('v2'), scaler('v2', { maxReplicas: 4 }), 'fieldManager=two')
  t.is(second.status, 409)
  t.is(second.body.message, 'Apply failed with 1 conflict: conflict with "one": .spec.maxReplicas')
  const metrics = [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
  ]
  const third = await apply(
    path('v2'),
    scaler('v2', { maxReplicas: 3, metrics }),
    'fieldManager=two&force=true',
  )
  t.is(third.status, 200, third.body.message)
  const one = owners(third.body)['one Apply'] as any
  t.false('f:targetCPUUtilizationPercentage' in one['f:spec'])
  t.true('f:maxReplicas' in one['f:spec'])
})

test('a cache without managedFields writes objects back without taking anybody’s record', async t => {
  const name = newName()
  await applyMap(name, { a: '1' })
  const signal = AbortSignal.timeout(120_000)
  const events = api.client.watch(configMaps, {
    fieldSelector: `metadata.name=${name}`,
    isTrimmed: true,
    signal,
  })
  for await (const { object } of events) {
    t.is(object.metadata.managedFields, undefined)
    const written = await api.client.update(
      configMaps,
      { ...object, data: { ...object.data, b: '2' } },
      { fieldManager: 'controller' },
    )
    t.deepEqual(owners(written), {
      'one Apply': { 'f:data': { 'f:a': {} } },
      'controller Update': { 'f:data': { 'f:b': {} } },
    })
    break
  }
})

test('deleting with finalizers keeps the record', async t => {
  const name = newName()
  await apply(`${base}/${name}`, configMap(name, { a: '1' }, { finalizers: ['example.com/hold'] }))
  await api.raw(`${base}/${name}`, { method: 'DELETE' })
  const { body } = await api.raw(`${base}/${name}`)
  t.truthy(body.metadata.deletionTimestamp)
  t.deepEqual(owners(body), {
    'one Apply': {
      'f:data': { 'f:a': {} },
      'f:metadata': { 'f:finalizers': { 'v:"example.com/hold"': {} } },
    },
  })
  const freed = await apply(`${base}/${name}`, configMap(name, { a: '1' }))
  t.is(freed.status, 200, freed.body.message)
  t.is((await api.raw(`${base}/${name}`)).status, 404)
})
