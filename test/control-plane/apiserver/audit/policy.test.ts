import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type AuditRule, createEvaluator } from '../../../../control-plane/apiserver/audit/policy.ts'
import { readAuditPolicy } from '../../../../control-plane/apiserver/audit/read-policy.ts'
import type { AuditEvent } from '../../../../control-plane/apiserver/pipeline/audit.ts'
import { parseRequest } from '../../../../control-plane/apiserver/pipeline/request-info.ts'
import { startTestApiServer, takeEvents } from '../../../helpers/api-server.ts'

const matched = test.macro<[Partial<AuditRule>, string, boolean]>({
  title: (_, rule, request, isMatch) =>
    `${JSON.stringify(rule)} ${isMatch ? 'is' : 'is not'} about ${request}`,
  exec(t, rule, request, isMatch) {
    const [method, url] = request.split(' ') as [string, string]
    const evaluate = createEvaluator({ rules: [{ level: 'Request', ...rule }] })
    const user = { name: 'jane', groups: ['clerks', 'system:authenticated'] }
    t.is(evaluate(parseRequest(method, url), user).level, isMatch ? 'Request' : 'None')
  },
})

test(matched, {}, 'GET /healthz', true)
test(matched, { users: ['jane'] }, 'GET /healthz', true)
test(matched, { users: ['joe'] }, 'GET /healthz', false)
test(matched, { userGroups: ['clerks'] }, 'GET /healthz', true)
test(matched, { userGroups: ['masters'] }, 'GET /healthz', false)
test(matched, { verbs: ['list'] }, 'GET /api/v1/pods', true)
test(matched, { verbs: ['watch'] }, 'GET /api/v1/pods', false)
test(matched, { namespaces: ['a'] }, 'GET /api/v1/namespaces/a/pods', true)
test(matched, { namespaces: [''] }, 'GET /api/v1/nodes', true)
test(matched, { namespaces: ['a'] }, 'GET /api/v1/nodes', false)
test(matched, { namespaces: ['a'] }, 'GET /healthz', false)
test(matched, { resources: [{ group: '' }] }, 'GET /api/v1/pods', true)
test(matched, { resources: [{ group: 'apps' }] }, 'GET /api/v1/pods', false)
const resources = (...names: string[]) => ({ resources: [{ resources: names }] })
const LOG = 'GET /api/v1/namespaces/a/pods/b/log'
test(matched, resources('pods'), LOG, false)
test(matched, resources('pods/log'), LOG, true)
test(matched, resources('pods/*'), LOG, true)
test(matched, resources('*/log'), LOG, true)
test(matched, resources('*'), LOG, true)
test(matched, resources('pods/*'), 'GET /api/v1/namespaces/a/pods/b', true)
const named = { resources: [{ resources: ['pods'], resourceNames: ['b'] }] }
test(matched, named, 'GET /api/v1/namespaces/a/pods/b', true)
test(matched, named, 'GET /api/v1/namespaces/a/pods/c', false)
test(matched, { nonResourceURLs: ['/health*'] }, 'GET /healthz', true)
test(matched, { nonResourceURLs: ['/health'] }, 'GET /healthz', false)
test(matched, { nonResourceURLs: ['*'] }, 'GET /api/v1/pods', false)

test('the first rule that matches holds, with the stages that the policy leaves out', t => {
  const evaluate = createEvaluator({
    rules: [
      { level: 'None', users: ['joe'] },
      { level: 'Metadata', omitStages: ['ResponseStarted'], omitManagedFields: false },
      { level: 'Request' },
    ],
    omitStages: ['RequestReceived'],
    omitManagedFields: true,
  })
  const info = parseRequest('GET', '/healthz')
  t.is(evaluate(info, { name: 'joe', groups: [] }).level, 'None')
  t.deepEqual(evaluate(info, { name: 'jane', groups: [] }), {
    level: 'Metadata',
    omitStages: new Set(['RequestReceived', 'ResponseStarted'] as const),
    omitManagedFields: false,
  })
})

async function policyFile(t: ExecutionContext, text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-policy-'))
  t.teardown(() => rm(dir, { recursive: true }))
  const file = join(dir, 'policy.yaml')
  await writeFile(file, text)
  return file
}

const HEAD = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n'

const refused = test.macro<[string, string, RegExp]>({
  title: (_, what) => `refused: ${what}`,
  async exec(t, _what, text, message) {
    await t.throwsAsync(readAuditPolicy(await policyFile(t, text)), { message })
  },
})
test(
  refused,
  'a policy without rules',
  HEAD,
  /^loading audit policy file: loaded illegal policy with 0 rules: from file /,
)
test(refused, 'what is no policy', 'kind: Pod', /unknown group version field /)
test(refused, 'what is no YAML', 'a: [', /loading audit policy file/)
test(refused, 'a rule without a level', `${HEAD}rules: [{}]`, /rules\[0\]\.level: Required value/)
test(
  refused,
  'a level that there is not',
  `${HEAD}rules: [{level: All}]`,
  /rules\[0\]\.level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"/,
)
test(
  refused,
  'a stage that there is not',
  `${HEAD}omitStages: [Late]\nrules: [{level: None}]`,
  /omitStages\[0\]: Invalid value: "Late": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic/,
)
test(
  refused,
  'a rule about resources and paths',
  `${HEAD}rules: [{level: None, nonResourceURLs: ["a*b"], namespaces: [x]}]`,
  /must begin with a '\/' character, .*must be the final character of the rule, .*cannot apply to both regular resources/,
)
test(
  refused,
  'names of no resource',
  `${HEAD}rules: [{level: None, resources: [{group: a/v1, resourceNames: [x]}]}]`,
  /rules\[0\]\.resources\.group: Invalid value: "a\/v1": .*rules\[0\]\.resources\.resourceNames: Invalid value: \["x"\]: using resourceNames requires/,
)
test('refused: a file that is not there', async t => {
  await t.throwsAsync(readAuditPolicy('/nowhere/policy.yaml'), { message: /ENOENT.*from file \/nowhere/ })
})

test('a server tells as much as its policy says', async t => {
  const text = `${HEAD}
omitStages: [RequestReceived]
rules:
- level: None
  resources: [{group: "", resources: [secrets]}]
- level: RequestResponse
  verbs: [create, list, patch]
  resources: [{group: "", resources: [configmaps]}]
  omitManagedFields: true
- level: Request
  verbs: [update, delete]
- level: Metadata
  nonResourceURLs: [/version]
  omitStages: []
`
  const told: AuditEvent[] = []
  const api = await startTestApiServer({
    audit: event => void told.push(event),
    auditPolicy: await readAuditPolicy(await policyFile(t, text)),
  })
  t.teardown(() => api.stop())
  const path = '/api/v1/namespaces/default/configmaps'
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { b: 'c' } }
  const eventOf = async (verb: string, uri: string): Promise<any> => {
    while (true) {
      const found = told.find(event => event.verb === verb && event.requestURI === uri)
      if (found) return found
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  await api.raw('/api/v1/namespaces/default/secrets')
  await api.raw(path, { body })
  const created = await eventOf('create', path)
  t.like(created, { level: 'RequestResponse', stage: 'ResponseComplete', requestObject: body })
  t.like(created.responseObject, { kind: 'ConfigMap', data: { b: 'c' } })
  t.is(created.responseObject.metadata.managedFields, undefined)
  t.is(created.objectRef.name, 'a')

  await api.raw(path, { headers: { accept: 'application/vnd.kubernetes.protobuf' } })
  const listed = await eventOf('list', path)
  t.is(listed.requestObject, undefined)
  t.true(listed.responseObject.items.some(({ metadata }: any) => metadata.name === 'a'))

  const patch = { data: { b: 'd' } }
  const headers = { 'content-type': 'application/merge-patch+json' }
  await api.raw(`${path}/a`, { method: 'PATCH', body: patch, headers })
  t.like(await eventOf('patch', `${path}/a`), { requestObject: patch, responseObject: { data: patch.data } })

  await api.raw(`${path}/a`, { method: 'PUT', body: { ...body, metadata: { name: 'b' } } })
  const updated = await eventOf('update', `${path}/a`)
  t.is(updated.responseObject, undefined)
  t.like(updated.responseStatus, { status: 'Failure', reason: 'BadRequest', code: 400 })

  await api.raw(`${path}/a`, { method: 'DELETE', body: { propagationPolicy: 'Background' } })
  t.like((await eventOf('delete', `${path}/a`)).requestObject, { propagationPolicy: 'Background' })

  await takeEvents(await api.open('/api/v1/namespaces?watch=1'), 1)
  await api.raw('/version')
  await eventOf('get', '/version')
  t.false(told.some(({ requestURI }) => String(requestURI).includes('secrets')))
  t.false(told.some(({ verb }) => verb === 'watch'))
  t.false(told.some(({ stage }) => stage === 'RequestReceived'))
})
