import test from 'ava'
import { startTestApiServer } from '../../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const maps = '/api/v1/namespaces/default/configmaps'
const OWNER = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' }
const QUALIFIED =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

const refused = test.macro({
  title: (_, what: string) => `metadata refused: ${what}`,
  async exec(t, _: string, metadata: object, expected: string | string[]) {
    const { status, body } = await api.raw(maps, { body: { metadata } })
    t.is(status, 422)
    const causes = body.details.causes.map(({ field, message }: any) => `${field}: ${message}`)
    t.deepEqual(causes, [expected].flat())
  },
})

test(refused, 'no name', {}, 'metadata.name: Required value: name or generateName is required')
test(refused, 'a name and a beginning of one', { name: 'A', generateName: 'Bx-' }, [
  `metadata.generateName: Invalid value: "Bx-": ${SUBDOMAIN}`,
  `metadata.name: Invalid value: "A": ${SUBDOMAIN}`,
])
test(
  refused,
  'finalizers without a form, or against each other',
  { name: 'x', finalizers: ['a b', 'orphan', 'foregroundDeletion'] },
  [
    `metadata.finalizers: Invalid value: "a b": ${QUALIFIED}`,
    'metadata.finalizers: Invalid value: ["a b","orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
    'metadata.finalizers[0]: Invalid value: "a b": name is neither a standard finalizer name nor is it fully qualified',
  ],
)
test(
  refused,
  'finalizers without a domain',
  { name: 'x', finalizers: ['kubernetes', 'zz'] },
  'metadata.finalizers[1]: Invalid value: "zz": name is neither a standard finalizer name nor is it fully qualified',
)
test(
  refused,
  'owners of which nothing is said',
  { name: 'x', ownerReferences: [{ apiVersion: 'a/', kind: '', name: '', uid: '' }] },
  [
    'metadata.ownerReferences.apiVersion: Invalid value: "a/": version must not be empty',
    'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
    'metadata.ownerReferences.name: Invalid value: "": must not be empty',
    'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
  ],
)
test(
  refused,
  'an Event as owner',
  { name: 'x', ownerReferences: [{ ...OWNER, kind: 'Event' }] },
  'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"o","uid":"u"}: /v1, Kind=Event is disallowed from being an owner',
)
test(
  refused,
  'two controllers',
  {
    name: 'x',
    ownerReferences: [
      { ...OWNER, controller: true },
      { ...OWNER, name: 'p', controller: true },
    ],
  },
  'metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","kind":"ConfigMap","name":"o","uid":"u","controller":true},{"apiVersion":"v1","kind":"ConfigMap","name":"p","uid":"u","controller":true}]: Only one reference can have Controller set to true. Found "true" in references for ConfigMap/o and ConfigMap/p',
)
test(
  refused,
  'annotations of more than 256 KiB',
  { name: 'x', annotations: { a: 'x'.repeat(262_144) } },
  'metadata.annotations: Too long: may not be more than 262144 bytes',
)

test('an object that is going takes no new finalizers, told of in order', async t => {
  await api.raw(maps, { body: { metadata: { name: 'going', finalizers: ['a/b'] } } })
  await api.raw(`${maps}/going`, { method: 'DELETE' })
  const { status, body } = await api.raw(`${maps}/going`, {
    method: 'PATCH',
    body: { metadata: { finalizers: ['a/b', 'z/z', 'c/c'] } },
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  t.is(status, 422)
  t.is(
    body.message,
    'ConfigMap "going" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c/c", "z/z"}',
  )
})

test('warnings are told once, for the object and not for its status', async t => {
  const services = '/api/v1/namespaces/default/services'
  const spec = { type: 'ClusterIP', externalName: 'x', ports: [{ port: 80 }] }
  const made = await api.raw(services, { body: { metadata: { name: 'warned' }, spec } })
  t.is(made.status, 201)
  t.is(
    made.headers.warning as string,
    '299 - "spec.externalName is ignored when spec.type is not \\"ExternalName\\""',
  )
  const told = await api.raw(`${services}/warned/status`, { method: 'PUT', body: made.body })
  t.is(told.status, 200)
  t.is(told.headers.warning, undefined)
})

const TWICE = { labels: { a: ' ' }, finalizers: ['zz'], deletionGracePeriodSeconds: 3 }
const LABEL = ['labels', 'deletionGracePeriodSeconds', 'labels']
const CHANGED = ['deletionGracePeriodSeconds', 'labels', 'finalizers[0]']

for (const [plural, object, expected] of [
  ['configmaps', {}, [...LABEL, ...CHANGED, 'labels', 'finalizers[0]']],
  ['limitranges', { spec: { limits: [] } }, [...LABEL, 'labels', 'finalizers[0]']],
  ['services', { spec: { ports: [{ port: 80 }] } }, [...LABEL, ...CHANGED]],
] as [string, object, string[]][]) {
  test(`an update tells of faults in metadata as often as rules find them: ${plural}`, async t => {
    const path = `/api/v1/namespaces/default/${plural}`
    const { status, body } = await api.raw(path, { body: { metadata: { name: 'twice' }, ...object } })
    t.is(status, 201)
    const changed = { ...body, metadata: { ...body.metadata, ...TWICE } }
    const answer = await api.raw(`${path}/twice`, { method: 'PUT', body: changed })
    t.is(answer.status, 422)
    const fields = answer.body.details.causes.map(({ field }: any) => field)
    t.deepEqual(
      fields,
      expected.map(field => `metadata.${field}`),
    )
  })
}

test('an update may say from what prefix a name was made', async t => {
  await api.raw(maps, { body: { metadata: { name: 'prefixed' } } })
  const body = { metadata: { name: 'prefixed', generateName: 'pre-' } }
  const answer = await api.raw(`${maps}/prefixed`, { method: 'PUT', body })
  t.is(answer.status, 200)
  t.is(answer.body.metadata.generateName, 'pre-')
  const odd = await api.raw(`${maps}/prefixed`, {
    method: 'PUT',
    body: { metadata: { name: 'prefixed', resourceVersion: 'a' } },
  })
  t.is(odd.status, 500)
  t.is(odd.body.message, 'strconv.ParseUint: parsing "a": invalid syntax')
})

test('a new object has no version of its own, but one that is none', async t => {
  const create = (name: string, resourceVersion: string) =>
    api.raw(maps, { body: { metadata: { name, resourceVersion } } })
  const refused = await create('versioned', '5')
  t.is(refused.status, 500)
  t.is(refused.body.message, 'resourceVersion should not be set on objects to be created')
  const taken = await create('versioned', 'a')
  t.is(taken.status, 201)
  t.regex(taken.body.metadata.resourceVersion, /^\d+$/)
})
