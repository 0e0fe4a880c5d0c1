import test from 'ava'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { serviceAccounts } from '../../../api/kinds/core.ts'
import { startTestApiServer, type TestApiServer } from '../../helpers/api-server.ts'

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts'
let api: TestApiServer

test.before(async () => {
  api = await startTestApiServer()
  await api.client.create(serviceAccounts, { metadata: { name: 'robot', namespace: 'default' } })
})
test.after.always(() => api.stop())

async function tokenFor(audiences: string[]): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences } }
  return (await api.raw(`${ACCOUNTS}/robot/token`, { body })).body.status.token
}

test('a service account finds out who issues its tokens and can check them', async t => {
  const headers = { authorization: `Bearer ${await tokenFor([])}` }
  const told = await api.raw('/.well-known/openid-configuration', { user: null, headers })
  t.is(told.status, 200)
  t.is(told.headers['content-type'], 'application/json')
  t.is(told.headers['cache-control'], 'public, max-age=3600')
  t.like(told.body, {
    issuer: 'https://kubernetes.default.svc.cluster.local',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  })
  const { pathname } = new URL(told.body.jwks_uri)
  const keys = await api.raw(pathname, { user: null, headers })
  t.is(keys.headers['content-type'], 'application/jwk-set+json')
  const token = await tokenFor(['elsewhere'])
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys.body), {
    issuer: told.body.issuer,
    audience: 'elsewhere',
  })
  t.is(payload.sub, 'system:serviceaccount:default:robot')
  t.is(protectedHeader.kid, keys.body.keys[0].kid)
})

test('who has no account is not told, and there is nothing else below', async t => {
  t.is((await api.raw('/openid/v1/jwks', { user: null })).status, 403)
  t.is((await api.raw('/openid/v1/other')).status, 404)
  const { paths } = (await api.raw('/')).body
  t.true(paths.includes('/openid/v1/jwks') && paths.includes('/.well-known/openid-configuration'))
})
