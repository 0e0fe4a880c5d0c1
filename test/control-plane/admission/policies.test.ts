import test from 'ava'
import {
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../../../api/kinds/admissionregistration.ts'
import { until } from '../../helpers/admission-webhook.ts'
import { startTestApiServer } from '../../helpers/api-server.ts'
import { definition, establish, version } from '../../helpers/custom-resources.ts'

const events: any[] = []
const api = await startTestApiServer({ audit: event => void events.push(event) })
test.after.always(() => api.stop())

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const CONFIG_MAPS = {
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'],
  resources: ['configmaps'],
}

/** Makes a policy and one binding of it, for ConfigMaps of a namespace of the same name. */
async function bind(
  name: string,
  spec: object,
  binding: object = {},
  rules: object[] = [CONFIG_MAPS],
): Promise<string> {
  await api.raw('/api/v1/namespaces', { body: { metadata: { name, labels: { team: name } } } })
  const selector = { matchLabels: { 'kubernetes.io/metadata.name': name } }
  const matchConstraints = { resourceRules: rules, namespaceSelector: selector }
  const policy = await api.raw(`${GROUP}/validatingadmissionpolicies`, {
    body: { metadata: { name }, spec: { matchConstraints, ...spec } },
  })
  if (policy.status !== 201) throw new Error(policy.text)
  const bound = await api.raw(`${GROUP}/validatingadmissionpolicybindings`, {
    body: {
      metadata: { name: `${name}-b` },
      spec: { policyName: name, validationActions: ['Deny'], ...binding },
    },
  })
  if (bound.status !== 201) throw new Error(bound.text)
  const { informers } = api.server
  await until(
    () =>
      informers.informer(validatingAdmissionPolicies).get(name) !== undefined &&
      informers.informer(validatingAdmissionPolicyBindings).get(`${name}-b`) !== undefined,
  )
  return `/api/v1/namespaces/${name}/configmaps`
}

const configMap = (name: string, data: object = {}) => ({ metadata: { name }, data })
const create = async (path: string, data: object = {}, name = 'x', headers: Record<string, string> = {}) =>
  await api.raw(path, { body: configMap(name, data), headers })
const denied = (name: string, why: string) =>
  `configmaps "x" is forbidden: ValidatingAdmissionPolicy '${name}' with binding '${name}-b' denied request: ${why}`

test('a validation that does not hold refuses the request in upstream’s words', async t => {
  const path = await bind('plain', {
    validations: [
      { expression: 'object.data.size == "small"' },
      { expression: 'object.data.colour != "red"', message: 'no red', reason: 'Forbidden' },
      { expression: '!has(object.data.odd)', messageExpression: '"odd: " + object.data.odd' },
    ],
  })
  const { body } = await create(path, { size: 'large', colour: 'red' })
  const message = denied('plain', 'failed expression: object.data.size == "small"')
  t.like(body, { status: 'Failure', reason: 'Invalid', code: 422, message })
  t.is(body.details.name, 'x')
  t.is(body.details.kind, 'configmaps')
  t.deepEqual(body.details.causes, [{ message: message.replace('configmaps "x" is forbidden: ', '') }])
  t.like((await create(path, { size: 'small', colour: 'red' })).body, {
    code: 403,
    reason: 'Forbidden',
    message: denied('plain', 'no red'),
  })
  t.is(
    (await create(path, { size: 'small', colour: 'blue', odd: '7' })).body.message,
    denied('plain', 'odd: 7'),
  )
  t.is((await create(path, { size: 'small', colour: 'blue' })).status, 201)
})

test('variables are made when they are used, and see one another', async t => {
  const path = await bind('composed', {
    variables: [
      { name: 'data', expression: "has(object.data) ? object.data : {'none': 'x'}" },
      { name: 'names', expression: 'variables.data.map(name, name)' },
      { name: 'unused', expression: 'object.nothing.at.all' },
      { name: 'broken', expression: 'object.nothing' },
    ],
    validations: [
      {
        expression: "variables.names.all(name, name.startsWith('a'))",
        messageExpression: "'got ' + variables.names.join(', ')",
      },
      { expression: "!('ab' in variables.data) || variables.broken == 1" },
    ],
  })
  t.is((await create(path, { a: '1', aa: '2' })).status, 201)
  t.is((await create(path, { b: '1' })).body.message, denied('composed', 'got b'))
  t.is(
    (await create(path, { ab: '1' })).body.message,
    denied(
      'composed',
      `expression '!('ab' in variables.data) || variables.broken == 1' resulted in error: composited variable "broken" fails to evaluate: no such key: nothing`,
    ),
  )
})

test('what a policy cannot evaluate refuses, unless it ignores failures', async t => {
  const validations = [{ expression: 'object.data.missing == "1"' }]
  const strict = await bind('strict', { validations })
  const lax = await bind('lax', { validations, failurePolicy: 'Ignore' })
  const { body } = await create(strict)
  t.is(
    body.message,
    denied('strict', `expression 'object.data.missing == "1"' resulted in error: no such key: data`),
  )
  t.is((await create(lax)).status, 201)
  t.is((await create(lax, { missing: '2' }, 'y')).status, 422)
})

test('match conditions leave requests out, and may ask the authorizer', async t => {
  const path = await bind('conditions', {
    matchConditions: [
      {
        name: 'not-exempt',
        expression: "!has(object.metadata.labels) || !('exempt' in object.metadata.labels)",
      },
      {
        name: 'no-admin',
        expression:
          "!authorizer.group('').resource('configmaps').namespace('kube-system').check('delete').allowed()",
      },
    ],
    validations: [{ expression: 'false', message: 'never' }],
  })
  t.is((await create(path)).status, 201, 'the administrator may delete everywhere')
  const role = {
    metadata: { name: 'writer' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }],
  }
  const subjects = [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }]
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'writer' }
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/conditions'
  await api.raw(`${rbac}/roles`, { body: role })
  await api.raw(`${rbac}/rolebindings`, { body: { metadata: { name: 'writer' }, subjects, roleRef } })
  const asJane = (name: string, labels: object) =>
    api.raw(path, { body: { metadata: { name, labels } }, headers: { 'impersonate-user': 'jane' } })
  await until(async () => (await asJane('x', {})).status !== 403)
  t.is((await asJane('x', {})).body.message, denied('conditions', 'never').replace('"x"', '"x"'))
  t.is((await asJane('y', { exempt: '1' })).status, 201)
})

test('bindings say where a policy holds and what follows: a refusal, a warning, a note', async t => {
  const path = await bind(
    'softly',
    {
      validations: [{ expression: 'request.name != "x"', message: 'not x' }],
      auditAnnotations: [{ key: 'seen', valueExpression: "'name ' + object.metadata.name" }],
    },
    { validationActions: ['Warn', 'Audit'] },
  )
  const { status, headers } = await create(path)
  t.is(status, 201)
  t.true(
    String(headers.warning).includes(
      "Validation failed for ValidatingAdmissionPolicy 'softly' with binding 'softly-b': not x",
    ),
  )
  const found = () => events.find(({ auditID }) => auditID === headers['audit-id'])
  await until(() => found() !== undefined)
  const { annotations } = found()
  t.is(annotations['softly/seen'], 'name x')
  t.deepEqual(JSON.parse(annotations['validation.policy.admission.k8s.io/validation_failure']), [
    {
      message: 'not x',
      policy: 'softly',
      binding: 'softly-b',
      expressionIndex: 0,
      validationActions: ['Warn', 'Audit'],
    },
  ])
})

test('expressions see what was there, the request, the namespace and who asks', async t => {
  const path = await bind('seen', {
    validations: [
      {
        expression:
          "request.operation == 'CREATE' ? oldObject == null : object.data.size == oldObject.data.size",
        message: 'size is fixed',
      },
      { expression: "namespaceObject.metadata.labels['team'] == request.namespace" },
      {
        expression:
          "'system:masters' in request.userInfo.groups && request.kind.kind == 'ConfigMap' && !request.dryRun",
      },
      { expression: "authorizer.requestResource.check('create').allowed()" },
    ],
  })
  const made = await create(path, { size: '1' })
  t.is(made.status, 201, made.text)
  const changed = await api.raw(`${path}/x`, { method: 'PUT', body: configMap('x', { size: '2' }) })
  t.is(changed.body.message, denied('seen', 'size is fixed'))
})

test('parameters come from objects that bindings name or select', async t => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }
  const exclude = { objectSelector: { matchExpressions: [{ key: 'params', operator: 'DoesNotExist' }] } }
  const matchConstraints = (name: string) => ({
    ...exclude,
    resourceRules: [CONFIG_MAPS],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
  })
  const spec = (name: string) => ({
    paramKind,
    matchConstraints: matchConstraints(name),
    validations: [
      {
        expression: 'int(object.data.size) <= int(params.data.limit)',
        messageExpression: "'above ' + params.data.limit",
      },
    ],
  })
  const named = await bind('named', spec('named'), {
    paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' },
  })
  const missing = await create(named, { size: '3' })
  t.is(
    missing.body.message,
    denied(
      'named',
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    ),
  )
  const limits = (name: string, limit: string) => ({
    metadata: { name, labels: { params: 'yes' } },
    data: { limit },
  })
  await api.raw(named, { body: limits('limits', '2') })
  await until(async () => (await create(named, { size: '3' })).body.message === denied('named', 'above 2'))
  t.is((await create(named, { size: '2' })).status, 201)
  const selected = await bind('selected', spec('selected'), {
    paramRef: {
      selector: { matchLabels: { params: 'yes' } },
      namespace: 'selected',
      parameterNotFoundAction: 'Allow',
    },
  })
  t.is((await create(selected, { size: '9' }, 'free')).status, 201)
  await api.raw(selected, { body: limits('high', '5') })
  await api.raw(selected, { body: limits('low', '1') })
  await until(
    async () => (await create(selected, { size: '3' })).body.message === denied('selected', 'above 1'),
  )
})

test('a kind of parameters that is not served is a fault of the policy', async t => {
  const path = await bind(
    'unserved',
    {
      paramKind: { apiVersion: 'rules.example.com/v1', kind: 'Thing' },
      validations: [{ expression: 'params == null' }],
    },
    { paramRef: { name: 'x', parameterNotFoundAction: 'Deny' } },
  )
  t.is(
    (await create(path)).body.message,
    "configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'unserved' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'rules.example.com/v1, Kind=Thing'",
  )
  await establish(api, definition('rules.example.com', [version('v1', { limit: { type: 'integer' } })]))
  await api.raw('/apis/rules.example.com/v1/namespaces/unserved/things', {
    body: { apiVersion: 'rules.example.com/v1', kind: 'Thing', metadata: { name: 'x' }, spec: {} },
  })
  await until(
    async () => (await create(path)).body.message === denied('unserved', 'failed expression: params == null'),
  )
})

test('an expression that costs too much ends, and the server goes on', async t => {
  const ten = '[1,2,3,4,5,6,7,8,9,10]'
  const nested = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].reduceRight(
    (inner, v) => `${ten}.all(${v}, ${inner})`,
    'a > 0',
  )
  const path = await bind('costly', { validations: [{ expression: nested }] })
  const { body } = await create(path)
  t.is(
    body.message,
    denied(
      'costly',
      `expression '${nested}' resulted in error: operation cancelled: actual cost limit exceeded`,
    ),
  )
})

test('policies hold deletions and custom resources too, and metrics count them', async t => {
  await establish(api, definition('held.example.com', [version('v1', { size: { type: 'integer' } })]))
  const rules = [{ apiGroups: ['held.example.com'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }]
  await bind(
    'custom',
    {
      validations: [
        {
          expression: "request.operation == 'DELETE' ? oldObject.spec.size > 1 : object.spec.size < 5",
          message: 'size',
        },
      ],
    },
    {},
    rules,
  )
  const path = '/apis/held.example.com/v1/namespaces/custom/things'
  const thing = (name: string, size: number) => ({
    apiVersion: 'held.example.com/v1',
    kind: 'Thing',
    metadata: { name },
    spec: { size },
  })
  t.is((await api.raw(path, { body: thing('a', 9) })).status, 422)
  t.is((await api.raw(path, { body: thing('a', 1) })).status, 201)
  const { body } = await api.raw(`${path}/a`, { method: 'DELETE' })
  t.is(
    body.message,
    "things.held.example.com \"a\" is forbidden: ValidatingAdmissionPolicy 'custom' with binding 'custom-b' denied request: size",
  )
  const { text } = await api.raw('/metrics')
  const line =
    'apiserver_validating_admission_policy_check_total{policy="custom",policy_binding="custom-b",error_type="no_error",enforcement_action="deny"} 2'
  t.true(text.includes(line))
})
