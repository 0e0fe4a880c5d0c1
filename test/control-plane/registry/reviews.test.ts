import test from 'ava'
import { startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const review = (kind: string, spec: object, namespace?: string) =>
  api.raw(`/apis/authorization.k8s.io/v1/${namespace ? `namespaces/${namespace}/` : ''}${kind}`, {
    body: { spec },
  })

test('an access review says which binding allows', async t => {
  const { body } = await review('subjectaccessreviews', {
    user: 'system:kube-scheduler',
    resourceAttributes: { verb: 'list', resource: 'nodes' },
  })
  t.deepEqual(body.status, {
    allowed: true,
    reason:
      'RBAC: allowed by ClusterRoleBinding "system:kube-scheduler" of ClusterRole "system:kube-scheduler" to User "system:kube-scheduler"',
  })
})

test('an access review that allows nothing says no', async t => {
  const { body } = await review('subjectaccessreviews', {
    user: 'jane',
    resourceAttributes: { verb: 'list', resource: 'nodes' },
  })
  t.deepEqual(body.status, { allowed: false })
})

test('an access review asks about one thing, of somebody', async t => {
  const neither = await review('subjectaccessreviews', { user: 'jane' })
  t.is(neither.status, 422)
  t.true(
    neither.body.message.includes(
      'spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ),
  )
  const nobody = await review('subjectaccessreviews', { resourceAttributes: { verb: 'get' } })
  t.true(
    nobody.body.message.includes(
      'spec.user: Invalid value: "": at least one of user or group must be specified',
    ),
  )
})

// Found by upstream's conformance test of the Table transformation.
test('an access review has no table: only who takes nothing else is refused', async t => {
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const body = { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } }
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  t.is((await api.raw(path, { body, headers: { accept: table } })).status, 406)
  const either = await api.raw(path, { body, headers: { accept: `${table},application/json` } })
  t.is(either.status, 201)
  t.is(either.body.kind, 'SelfSubjectAccessReview')
})

test('a local access review stays in its namespace', async t => {
  const { status, body } = await review(
    'localsubjectaccessreviews',
    { user: 'jane', resourceAttributes: { namespace: 'other', verb: 'get', resource: 'pods' } },
    'default',
  )
  t.is(status, 422)
  t.is(
    body.message,
    '.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
  )
})

test('admin, edit and view are sums of the roles labelled for them', async t => {
  const { body } = await api.raw('/apis/rbac.authorization.k8s.io/v1/clusterroles/edit')
  t.deepEqual(body.aggregationRule, {
    clusterRoleSelectors: [{ matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' } }],
  })
  t.is(body.metadata.labels['rbac.authorization.k8s.io/aggregate-to-admin'], 'true')
})

test('a token is reviewed for the audiences it is meant for', async t => {
  await api.raw('/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'runner' } } })
  const { body: request } = await api.raw('/api/v1/namespaces/default/serviceaccounts/runner/token', {
    body: { spec: { audiences: ['vault'], expirationSeconds: 600 } },
  })
  const { token } = request.status
  const reviewed = (spec: object) =>
    api.raw('/apis/authentication.k8s.io/v1/tokenreviews', { body: { spec: { token, ...spec } } })
  t.like((await reviewed({ audiences: ['vault', 'other'] })).body.status, {
    authenticated: true,
    audiences: ['vault'],
    user: { username: 'system:serviceaccount:default:runner' },
  })
  t.like((await reviewed({})).body.status, { error: 'invalid bearer token' })
  t.is((await api.raw('/version', { user: null, headers: { authorization: `Bearer ${token}` } })).status, 401)
})

test('an access review says which of its fields are whose, and of selectors that they are not understood', async t => {
  const { status, body } = await review('selfsubjectaccessreviews', {
    resourceAttributes: { verb: 'list', resource: 'pods', labelSelector: { rawSelector: 'a in (' } },
  })
  t.is(status, 201)
  t.is(body.status.evaluationError, 'spec.resourceAttributes.labelSelector ignored due to parse error')
  t.like(body.metadata.managedFields[0], { operation: 'Update', apiVersion: 'authorization.k8s.io/v1' })
  const { body: empty } = await review('selfsubjectaccessreviews', {
    resourceAttributes: { verb: 'list', resource: 'pods', labelSelector: {} },
  })
  t.is(
    empty.message,
    '.authorization.k8s.io "" is invalid: spec.resourceAttributes.labelSelector.requirements: Required value: when spec.resourceAttributes.labelSelector is specified, requirements or rawSelector is required',
  )
})
