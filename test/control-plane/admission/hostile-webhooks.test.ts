import test from 'ava'
import { configureWebhook, patchAnswer, startAdmissionServer } from '../../helpers/admission-webhook.ts'
import { startTestApiServer } from '../../helpers/api-server.ts'

const server = await startAdmissionServer()
const api = await startTestApiServer()
await api.raw('/api/v1/namespaces', { body: { metadata: { name: 'hostile' } } })
let answer: object = { allowed: true }
await configureWebhook(
  api,
  'mutating',
  'hostile',
  {
    clientConfig: server.at('/', () => answer),
    rules: [
      { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps', 'services'] },
    ],
  },
  'hostile',
)
test.after.always(async () => {
  await api.stop()
  await server.stop()
})

const create = async (given: object) => {
  answer = given
  return (await api.raw('/api/v1/namespaces/hostile/configmaps', { body: { metadata: { name: 'x' } } })).body
}
const raw = (body: string, status = 200) => ({ raw: { status, body } })
const FAILED = 'Internal error occurred: failed calling webhook "hostile.example.com": '

const answers: [what: string, given: object, message: string | RegExp][] = [
  [
    'no JSON',
    raw('<html>'),
    /^Internal error occurred: failed calling webhook "hostile\.example\.com": failed to call webhook: couldn't get version\/kind; json parse error: /,
  ],
  ['nothing', raw(''), /failed to call webhook: couldn't get version\/kind/],
  ['null', raw('null'), `${FAILED}received invalid webhook response: webhook response was absent`],
  ['a list', raw('[]'), `${FAILED}received invalid webhook response: webhook response was absent`],
  [
    'a response that is a text',
    raw('{"response":"yes"}'),
    `${FAILED}received invalid webhook response: webhook response was absent`,
  ],
  [
    'a text for a truth value',
    { allowed: 'yes' },
    `${FAILED}failed to call webhook: json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool`,
  ],
  ['warnings that are numbers', { allowed: true, warnings: [1] }, /response\.warnings of type \[\]string$/],
  [
    'a patch that is a list',
    { allowed: true, patchType: 'JSONPatch', patch: [] },
    /response\.patch of type \[\]uint8$/,
  ],
  [
    'a patch that is no JSON',
    { allowed: true, patchType: 'JSONPatch', patch: 'AAAA' },
    /^Internal error occurred: /,
  ],
  [
    'a patch of another sort',
    { allowed: true, patchType: 'Merge', patch: 'e30=' },
    /unsupported patch type "Merge"$/,
  ],
  [
    'a patch that is an object',
    { allowed: true, patchType: 'JSONPatch', patch: 'e30=' },
    /^Internal error occurred: error decoding patch/,
  ],
  [
    'an object made a number',
    patchAnswer({ op: 'replace', path: '', value: 5 }),
    'Internal error occurred: json: cannot unmarshal number into Go value of type ConfigMap',
  ],
  [
    'metadata made a text',
    patchAnswer({ op: 'replace', path: '/metadata', value: 'x' }),
    /^Internal error occurred: json: cannot unmarshal/,
  ],
  [
    'data of another type',
    patchAnswer({ op: 'add', path: '/data', value: ['x'] }),
    /^Internal error occurred: /,
  ],
  [
    'another namespace',
    patchAnswer({ op: 'replace', path: '/metadata/namespace', value: 'default' }),
    'the namespace of the provided object does not match the namespace sent on the request',
  ],
  ['another kind', patchAnswer({ op: 'replace', path: '/kind', value: 'Secret' }), /Secret/],
]

for (const [what, given, message] of answers) {
  test.serial(`a webhook that answers ${what} fails the request and nothing else`, async t => {
    const body = await create(given)
    t.is(body.kind, 'Status', JSON.stringify(body))
    if (typeof message === 'string') t.is(body.message, message)
    else t.regex(body.message, message)
    t.is((await api.raw('/api/v1/namespaces/hostile/configmaps/x')).status, 404)
  })
}

test.serial('a refusal gives back what the server took for the object', async t => {
  const ip = '10.96.77.77'
  const service = { metadata: { name: 's' }, spec: { clusterIP: ip, ports: [{ port: 80 }] } }
  const make = () => api.raw('/api/v1/namespaces/hostile/services', { body: service })
  answer = { allowed: true }
  const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['services'] }]
  const clientConfig = server.at('/late', () => ({ allowed: false }))
  const path = await configureWebhook(api, 'validating', 'hostile', { clientConfig, rules })
  t.is((await make()).status, 400)
  const seen = server.asked.findLast(asked => asked.path.startsWith('/late'))
  t.is(seen!.request.object.spec.clusterIP, ip)
  t.is((await api.raw(`/apis/networking.k8s.io/v1/ipaddresses/${ip}`)).status, 404)
  t.is((await api.raw(path, { method: 'DELETE' })).status, 200)
})
