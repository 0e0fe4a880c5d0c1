import test from 'ava'
import { isStatusError } from '../../../api/meta/status.ts'
import { compileSelection } from '../../../control-plane/admission/matching/selection.ts'
import { ask } from '../../../control-plane/admission/webhooks/ask.ts'
import { WrittenRequest } from '../../../control-plane/admission/written-request.ts'
import { attributesOf } from '../../helpers/admission.ts'
import {
  type AdmissionServer,
  configureWebhook,
  startAdmissionServer,
  until,
} from '../../helpers/admission-webhook.ts'
import { startTestApiServer, type TestApiServer } from '../../helpers/api-server.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'

let api: TestApiServer
let server: AdmissionServer

test.before(async () => {
  api = await startTestApiServer()
  server = await startAdmissionServer()
})
test.after.always(async () => {
  await api?.stop()
  await server?.stop()
})

const AUTHORIZATION = '/apis/authorization.k8s.io/v1'
const access = { spec: { user: 'eve', resourceAttributes: { verb: 'get', resource: 'pods' } } }

test('webhooks are asked about reviews, may change and refuse them; policies are not', async t => {
  const clientConfig = server.at('/reviews', ({ object }) =>
    object.spec.user === 'mallory'
      ? { allowed: false, status: { message: 'not this one' } }
      : { allowed: true },
  )
  const rules = [
    { operations: ['CREATE'], apiGroups: ['authorization.k8s.io'], apiVersions: ['v1'], resources: ['*'] },
  ]
  await configureWebhook(api, 'validating', 'reviews', { clientConfig, rules }, 'reviews')
  const configMaps = {
    operations: ['CREATE'],
    apiGroups: [''],
    apiVersions: ['v1'],
    resources: ['configmaps'],
  }
  const admission = '/apis/admissionregistration.k8s.io/v1'
  await api.raw(`${admission}/validatingadmissionpolicies`, {
    body: {
      metadata: { name: 'never' },
      spec: {
        matchConstraints: { resourceRules: [...rules, configMaps] },
        validations: [{ expression: 'false' }],
      },
    },
  })
  await api.raw(`${admission}/validatingadmissionpolicybindings`, {
    body: { metadata: { name: 'never' }, spec: { policyName: 'never', validationActions: ['Deny'] } },
  })
  const probe = '/api/v1/namespaces/default/configmaps?dryRun=All'
  await until(async () => (await api.raw(probe, { body: { metadata: { name: 'c' } } })).status === 422)
  const review = (user: string) =>
    api.raw(`${AUTHORIZATION}/subjectaccessreviews`, { body: { spec: { ...access.spec, user } } })
  t.is((await review('eve')).body.status.allowed, false)
  t.is((await review('eve')).status, 201)
  const refused = await review('mallory')
  t.is(refused.body.message, 'admission webhook "reviews.example.com" denied the request: not this one')
  const { request } = server.asked.find(({ path }) => path.startsWith('/reviews'))!
  t.is(request.operation, 'CREATE')
  t.deepEqual(request.resource, {
    group: 'authorization.k8s.io',
    version: 'v1',
    resource: 'subjectaccessreviews',
  })
})

test('who asks for rights in a namespace is not told whether it is there', async t => {
  const spec = { user: 'eve', resourceAttributes: { namespace: 'nowhere', verb: 'get', resource: 'pods' } }
  const { status, body } = await api.raw(`${AUTHORIZATION}/namespaces/nowhere/localsubjectaccessreviews`, {
    body: { metadata: { namespace: 'nowhere' }, spec },
  })
  t.is(status, 201)
  t.is(body.status.allowed, false)
})

test('tokens and oneself are still told of', async t => {
  const { body } = await api.raw('/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {} })
  t.is(body.status.userInfo.username, 'kubernetes-admin')
  const token = await api.raw('/apis/authentication.k8s.io/v1/tokenreviews', {
    body: { spec: { token: 'x' } },
  })
  t.is(token.body.status.error, 'invalid bearer token')
})

for (const sideEffects of ['Some', 'Unknown']) {
  test(`a dry run is refused where a webhook has side effects: ${sideEffects}`, async t => {
    const clientConfig = server.at(`/${sideEffects}`, () => ({ allowed: true }))
    const webhook: any = {
      name: 'effects.example.com',
      clientConfig,
      sideEffects,
      admissionReviewVersions: ['v1'],
    }
    const hook = { id: 'x', configuration: 'x', webhook, selection: compileSelection(webhook) }
    const object: any = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }
    const send = (dryRun: boolean) => {
      const request = new WrittenRequest(attributesOf('configmaps', { object, dryRun }), {} as never, false)
      return ask(hook, request, request.form, { informers: createFakeInformers() })
    }
    const error = await t.throwsAsync(send(true))
    t.is(error?.message, 'admission webhook "effects.example.com" does not support dry run')
    t.true(isStatusError(error) && error.code === 400 && error.reason === 'BadRequest')
    t.true((await send(false)).allowed)
    t.is(server.asked.filter(({ path }) => path.startsWith(`/${sideEffects}`)).length, 1)
  })
}
