import { Buffer } from 'node:buffer'
import test from 'ava'
import { startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const MAPS = '/api/v1/namespaces/default/configmaps'
const JSON_TYPE = 'application/json'

interface Case {
  path?: string
  method?: string
  type?: string
  body?: string | Buffer | object
  status: number
  reason: string
}

const deep = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
const named = (name: string, rest: object = {}) => ({ metadata: { name, ...rest } })

const CASES: Record<string, Case> = {
  'JSON cut short': { body: '{"metadata":{"name":"a"', status: 400, reason: 'BadRequest' },
  'no JSON at all': { body: 'hello', status: 400, reason: 'BadRequest' },
  'a list for an object': { body: '[]', status: 400, reason: 'BadRequest' },
  'YAML that is none': { type: 'application/yaml', body: 'a: [b', status: 400, reason: 'BadRequest' },
  'protobuf without an envelope': {
    type: 'application/vnd.kubernetes.protobuf',
    body: Buffer.from('hello'),
    status: 400,
    reason: 'BadRequest',
  },
  'protobuf cut short': {
    type: 'application/vnd.kubernetes.protobuf',
    body: Buffer.from([0x6b, 0x38, 0x73, 0, 0x0a, 0x7f, 1]),
    status: 400,
    reason: 'BadRequest',
  },
  'a type nobody knows': { type: 'text/plain', body: 'a', status: 415, reason: 'UnsupportedMediaType' },
  'ten thousand levels': { body: deep(10_001), status: 400, reason: 'BadRequest' },
  'another kind': {
    body: { kind: 'Pod', apiVersion: 'v1', ...named('a') },
    status: 400,
    reason: 'BadRequest',
  },
  'another version': {
    body: { kind: 'ConfigMap', apiVersion: 'v9', ...named('a') },
    status: 400,
    reason: 'BadRequest',
  },
  'three MiB and more': {
    body: { ...named('a'), data: { a: 'x'.repeat(3 * 2 ** 20 + 1) } },
    status: 413,
    reason: 'RequestEntityTooLarge',
  },
  'a value of 64 characters': {
    body: named('a', { labels: { a: 'x'.repeat(64) } }),
    status: 422,
    reason: 'Invalid',
  },
  'a name with a slash': { body: named('a/b'), status: 422, reason: 'Invalid' },
  'a list that goes on from nowhere': {
    path: `${MAPS}?limit=1&continue=forged`,
    method: 'GET',
    status: 400,
    reason: 'BadRequest',
  },
  'a limit that is none': { path: `${MAPS}?limit=x`, method: 'GET', status: 400, reason: 'BadRequest' },
  'labels that are none': {
    path: `${MAPS}?labelSelector=${encodeURIComponent('a in (')}`,
    method: 'GET',
    status: 400,
    reason: 'BadRequest',
  },
  'fields nobody knows': {
    path: `${MAPS}?fieldSelector=x%3Dy`,
    method: 'GET',
    status: 400,
    reason: 'BadRequest',
  },
  'a dry run of some': { path: `${MAPS}?dryRun=Some`, body: named('a'), status: 422, reason: 'Invalid' },
}

for (const [what, { path = MAPS, method, type = JSON_TYPE, body, status, reason }] of Object.entries(CASES)) {
  test(`refused: ${what}`, async t => {
    const answer = await api.raw(path, {
      ...(method && { method }),
      ...(body !== undefined && { body, headers: { 'content-type': type } }),
    })
    t.is(answer.status, status, answer.text.slice(0, 300))
    t.is(answer.body.reason, reason)
    t.is(answer.body.code, status)
  })
}

// Found by upstream's tests: the command of `kubectl exec` is in the request's line, however long it is.
test('a request may have a line of many thousand characters', async t => {
  t.is((await api.raw(`${MAPS}?nobody=${'a'.repeat(200_000)}`)).status, 200)
})

test('a limit beyond all numbers and parameters nobody knows do no harm', async t => {
  t.is((await api.raw(`${MAPS}?limit=9223372036854775807&nobody=knows`)).status, 200)
})

test('an object of many keys is refused for its size, soon', async t => {
  const labels = Object.fromEntries(Array.from({ length: 1_000_000 }, (_, i) => [i, '']))
  const { status } = await api.raw(MAPS, { body: named('many', { labels }) })
  t.is(status, 413)
  const fewer = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [i, '']))
  const refused = await api.raw(MAPS, { body: { ...named('many'), nobody: fewer } })
  t.true(refused.status < 500, refused.text.slice(0, 300))
})

test('keys given twice are told of, or refused', async t => {
  const body = '{"metadata":{"name":"twice","name":"twice"},"data":{"a":"1","a":"2"}}'
  const strict = await api.raw(`${MAPS}?fieldValidation=Strict`, { body })
  t.is(strict.status, 400)
  t.true(strict.body.message.includes('duplicate field "metadata.name"'), strict.body.message)
  const told = await api.raw(MAPS, { body })
  t.is(told.status, 201)
  t.is(told.body.data.a, '2')
})

// Found by the fuzz test: the server asked the step for its path.
test('a step of a JSON patch that is null is refused', async t => {
  const { status, body } = await api.raw('/api/v1/namespaces/default', {
    method: 'PATCH',
    body: [null],
    headers: { 'content-type': 'application/json-patch+json' },
  })
  t.is(status, 400)
  t.regex(body.message, /^error decoding patch/)
})
