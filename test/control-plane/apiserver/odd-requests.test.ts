import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { connect, constants } from 'node:http2'
import { text } from 'node:stream/consumers'
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
  'a name with a control character': { body: named('a\n'), status: 422, reason: 'Invalid' },
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
  'a dry run of nothing': { path: `${MAPS}?dryRun=`, body: named('a'), status: 422, reason: 'Invalid' },
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

const YAML_TYPE = 'application/yaml'
const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const UNRECOGNIZED = 'the object provided is unrecognized (must be of type ConfigMap): '
const NO_KIND = "couldn't get version/kind; json parse error: "
const NO_STRUCT =
  ' into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
const UNREADABLE = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: '

/** An object in protobuf's envelope: its type, and its message as bytes. */
const envelope = (version: string, kind: string, raw: number[]): Buffer => {
  const field = (number: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
  const type = Buffer.concat([field(1, Buffer.from(version)), field(2, Buffer.from(kind))])
  return Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, Buffer.from(raw))])
}

/** What kube-apiserver was seen to say of bodies that cannot be read. */
const UNREAD: [what: string, type: string, body: string | Buffer, message: string][] = [
  ['nothing', JSON_TYPE, '', `${UNRECOGNIZED}${NO_KIND}unexpected end of JSON input (<empty>)`],
  ['a list', JSON_TYPE, '[]', `${UNRECOGNIZED}${NO_KIND}json: cannot unmarshal array${NO_STRUCT} (5b5d)`],
  ['a text', JSON_TYPE, '"a"', `${UNRECOGNIZED}${NO_KIND}json: cannot unmarshal string${NO_STRUCT} (226122)`],
  [
    'what follows an object',
    JSON_TYPE,
    '{"metadata":{"name":"tr1"}} trailing',
    `${UNRECOGNIZED}${NO_KIND}invalid character 't' after top-level value ({"metadata":{"name":"tr1"}} tr ...)`,
  ],
  [
    'a kind that is a number',
    JSON_TYPE,
    '{"kind":1}',
    `${UNRECOGNIZED}${NO_KIND}json: cannot unmarshal number into Go struct field .kind of type string ({"kind":1})`,
  ],
  [
    'a version of many parts',
    JSON_TYPE,
    '{"apiVersion":"a/b/c"}',
    `${UNRECOGNIZED}unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})`,
  ],
  [
    'another kind',
    JSON_TYPE,
    '{"kind":"Pod","apiVersion":"v1"}',
    'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion',
  ],
  [
    'a list of the kind',
    JSON_TYPE,
    '{"kind":"ConfigMapList","apiVersion":"v1","items":[]}',
    'ConfigMapList in version "v1" cannot be handled as a ConfigMap: converting (v1.ConfigMapList) to (core.ConfigMap): unknown conversion',
  ],
  [
    'a kind that nobody knows',
    JSON_TYPE,
    '{"kind":"Nope","apiVersion":"v1"}',
    'Nope in version "v1" cannot be handled as a ConfigMap: no kind "Nope" is registered for version "v1" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"',
  ],
  [
    'YAML with a loose end',
    YAML_TYPE,
    'a: *b',
    `${UNRECOGNIZED}yaml: unknown anchor 'b' referenced (613a202a62)`,
  ],
  [
    'an infinite number',
    YAML_TYPE,
    'a: .inf',
    `${UNRECOGNIZED}json: unsupported value: +Inf (613a202e696e66)`,
  ],
  [
    'a list in YAML',
    YAML_TYPE,
    '- a',
    `${UNRECOGNIZED}${NO_KIND}json: cannot unmarshal array${NO_STRUCT} (2d2061)`,
  ],
  ['empty protobuf', PROTOBUF, '', `${UNRECOGNIZED}empty data (<empty>)`],
  ['protobuf without a message', PROTOBUF, 'k8s\0', `${UNRECOGNIZED}empty body (6b387300)`],
  [
    'protobuf of another sort',
    PROTOBUF,
    'hello',
    `${UNRECOGNIZED}provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (68656c6c6f)`,
  ],
  ['a message cut short', PROTOBUF, envelope('v1', 'ConfigMap', [10, 5, 10]), `${UNREADABLE}unexpected EOF`],
  [
    'a number for a message',
    PROTOBUF,
    envelope('v1', 'ConfigMap', [8, 5]),
    `${UNREADABLE}proto: wrong wireType = 0 for field ObjectMeta`,
  ],
  [
    'a field without a number',
    PROTOBUF,
    envelope('v1', 'ConfigMap', [2, 1, 97]),
    `${UNREADABLE}proto: ConfigMap: illegal tag 0 (wire type 2)`,
  ],
  [
    'a length without end',
    PROTOBUF,
    envelope('v1', 'ConfigMap', [10, 255, 255, 255, 255, 255, 255, 255, 255, 127]),
    `${UNREADABLE}proto: negative length found during unmarshaling`,
  ],
  [
    'a Pod in protobuf',
    PROTOBUF,
    envelope('v1', 'Pod', []),
    'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion',
  ],
]

for (const [what, type, body, message] of UNREAD) {
  test(`upstream's words for ${what}`, async t => {
    const answer = await api.raw(MAPS, { method: 'POST', body, headers: { 'content-type': type } })
    t.is(answer.body.message, message)
    t.is(answer.status, 400)
    t.is(answer.body.reason, 'BadRequest')
  })
}

for (const [type, body] of [
  [JSON_TYPE, 'null'],
  [YAML_TYPE, ''],
  [YAML_TYPE, '---\n'],
  [PROTOBUF, envelope('', '', [])],
] as const) {
  test(`${JSON.stringify(String(body))} as ${type} is an object without a name`, async t => {
    const answer = await api.raw(MAPS, { method: 'POST', body, headers: { 'content-type': type } })
    t.is(answer.status, 422)
    t.is(
      answer.body.message,
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    )
  })
}

test('aliases of YAML are copies, bombs and circles of them are refused', async t => {
  const ask = (body: string) => api.raw(MAPS, { body, headers: { 'content-type': YAML_TYPE } })
  const shared = await ask('metadata: {name: aliases, labels: &l {a: b}, annotations: *l}')
  t.is(shared.status, 201, shared.text)
  t.deepEqual(shared.body.metadata.annotations, { a: 'b' })
  const rows = Array.from(
    'bcdefghi',
    (name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]`,
  )
  const bomb = await ask(`a: &a [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n${rows.join('\n')}`)
  t.is(bomb.status, 400)
  t.regex(bomb.body.message, /yaml: document contains excessive aliasing/)
  const circle = await ask('a: &a [*a]')
  t.is(circle.status, 400)
  t.regex(circle.body.message, /contains itself/)
})

test('what YAML could take for another value is quoted in answers', async t => {
  const data = { answer: 'yes', number: '010', time: '2001-01-01T00:00:00Z', nothing: '~' }
  const { text } = await api.raw(MAPS, { body: { ...named('quoted'), data }, headers: { accept: YAML_TYPE } })
  t.regex(
    text,
    /^apiVersion: v1\ndata:\n {2}answer: "yes"\n {2}nothing: "~"\n {2}number: "010"\n {2}time: "2001-01-01T00:00:00Z"\n/,
  )
  t.regex(text, /\n {2}managedFields:\n {2}- apiVersion: v1\n/)
})

test('of several documents of YAML the first one is read', async t => {
  const body = 'metadata: {name: first}\n---\nmetadata: {name: second}\n'
  t.is((await api.raw(MAPS, { body, headers: { 'content-type': YAML_TYPE } })).body.metadata.name, 'first')
})

test('keys that stand twice in YAML are told of, or refused', async t => {
  const headers = { 'content-type': YAML_TYPE }
  const body = 'metadata: {name: twice-yaml}\ndata:\n  a: "1"\n  a: "2"\n'
  const strict = await api.raw(`${MAPS}?fieldValidation=Strict`, { body, headers })
  t.is(strict.status, 400)
  t.is(
    strict.body.message,
    `${UNREADABLE}strict decoding error: yaml: unmarshal errors:\n  line 4: key "a" already set in map`,
  )
  const told = await api.raw(MAPS, { body, headers })
  t.is(told.status, 201)
  t.regex(String(told.headers.warning), /line 4: key \\"a\\" already set in map/)
})

for (const type of [
  'application/json; charset',
  'application/json; a=b; a=c',
  'json',
  'application/*',
  '/',
]) {
  test(`${type} is no type of a body`, async t => {
    const answer = await api.raw(MAPS, { body: '{}', headers: { 'content-type': type } })
    t.is(answer.status, 415)
    t.is(
      answer.body.message,
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    )
  })
}

const tokenOf = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const MATCH = 'ListOptions.meta.k8s.io "" is invalid: '

/** What kube-apiserver was seen to say of odd options of a list. */
const OPTIONS: [query: string, status: number, message: string][] = [
  ['limit=', 400, 'strconv.ParseInt: parsing "": invalid syntax'],
  ['limit=1.5', 400, 'strconv.ParseInt: parsing "1.5": invalid syntax'],
  ['limit=99999999999999999999', 400, 'strconv.ParseInt: parsing "99999999999999999999": value out of range'],
  ['timeoutSeconds=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
  [
    'resourceVersion=x',
    400,
    'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
  ],
  [
    'resourceVersion=99999999999999999999',
    400,
    'invalid resource version: resourceVersion: Invalid value: "99999999999999999999": strconv.ParseUint: parsing "99999999999999999999": value out of range',
  ],
  [
    'resourceVersionMatch=x',
    422,
    `${MATCH}[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided, resourceVersionMatch: Unsupported value: "x": supported values: "Exact", "NotOlderThan", ""]`,
  ],
  [
    'resourceVersionMatch=Exact&resourceVersion=0',
    422,
    `${MATCH}resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"`,
  ],
  [
    'continue=x',
    400,
    'invalid continue token: continue key is not valid: illegal base64 data at input byte 0',
  ],
  [
    `continue=${Buffer.from('{').toString('base64url')}`,
    400,
    'invalid continue token: continue key is not valid: unexpected end of JSON input',
  ],
  [
    `continue=${tokenOf({})}`,
    400,
    'invalid continue token: continue key is not valid: server does not recognize this encoded version ',
  ],
  [
    `continue=${tokenOf({ v: 'meta.k8s.io/v1', rv: 1, start: '../secrets' })}`,
    400,
    'invalid continue token: continue key is not valid: ../secrets',
  ],
  [
    `continue=${tokenOf({ v: 'meta.k8s.io/v1', rv: 1, start: 'a' })}&resourceVersion=1`,
    400,
    'specifying resource version is not allowed when using continue',
  ],
]

for (const [query, status, message] of OPTIONS) {
  test(`a list with ${query}: ${message}`, async t => {
    const answer = await api.raw(`${MAPS}?${query}`)
    t.is(answer.body.message, message)
    t.is(answer.status, status)
  })
}

test('who takes whatever is there is given all of it, whatever the limit', async t => {
  for (const name of ['page-1', 'page-2'])
    await api.raw(MAPS, { body: named(name, { labels: { page: 'x' } }) })
  const { body } = await api.raw(`${MAPS}?limit=1&resourceVersion=0&labelSelector=page`)
  t.is(body.items.length, 2)
  t.is(body.metadata.continue, undefined)
})

const MERGE = 'application/merge-patch+json'
const NOT_TOLD = 'the name of the object (owned based on URL) was undeterminable: name must be provided'
const THEN = '2001-01-01T00:00:00Z'
const IN_VAIN = 'ConfigMap "owned" is invalid: metadata.'

/** What kube-apiserver was seen to say of changes of what is the server's. */
const OWNED: [method: 'PUT' | 'PATCH', body: object, status: number, message: string][] = [
  ['PUT', {}, 400, NOT_TOLD],
  ['PATCH', { metadata: null }, 400, NOT_TOLD],
  ['PATCH', { metadata: { name: null } }, 400, NOT_TOLD],
  [
    'PATCH',
    { metadata: { name: 'x' } },
    400,
    'the name of the object (x) does not match the name on the URL (owned)',
  ],
  [
    'PUT',
    named('owned', { namespace: 'other' }),
    400,
    'the namespace of the provided object does not match the namespace sent on the request',
  ],
  [
    'PATCH',
    { metadata: { namespace: 'other' } },
    400,
    'the namespace of the provided object does not match the namespace sent on the request',
  ],
  ['PATCH', { metadata: { uid: 'x' } }, 422, `${IN_VAIN}uid: Invalid value: "x": field is immutable`],
  [
    'PATCH',
    { metadata: { deletionTimestamp: THEN } },
    422,
    `${IN_VAIN}deletionTimestamp: Invalid value: "${THEN}": field is immutable`,
  ],
  [
    'PUT',
    named('owned', { deletionTimestamp: THEN }),
    422,
    `${IN_VAIN}deletionTimestamp: Invalid value: "${THEN}": field is immutable`,
  ],
]

test('what is the server’s is not changed by clients', async t => {
  const owned = await api.raw(MAPS, { body: named('owned') })
  t.is(owned.status, 201)
  for (const [method, body, status, message] of OWNED) {
    const headers = { 'content-type': method === 'PUT' ? JSON_TYPE : MERGE }
    const answer = await api.raw(`${MAPS}/owned`, { method, body, headers })
    t.is(answer.body.message, message)
    t.is(answer.status, status)
  }
  const other = await api.raw(`${MAPS}/owned`, { method: 'PUT', body: named('owned', { uid: 'x' }) })
  t.is(other.status, 409)
  const kept = await api.raw(`${MAPS}/owned`)
  t.deepEqual(kept.body.metadata, owned.body.metadata)
  const any = await api.raw(`${MAPS}/owned`, {
    method: 'PUT',
    body: named('owned', { resourceVersion: '0' }),
  })
  t.is(any.status, 200)
})

/** What kube-apiserver was seen to say of patches that are none (where it fails itself, what it means). */
const NO_PATCHES: [type: string, body: string, status: number, message: string][] = [
  [MERGE, '', 400, 'error decoding patch: unexpected end of JSON input'],
  [
    MERGE,
    '{bad',
    400,
    "error decoding patch: invalid character 'b' looking for beginning of object key string",
  ],
  [
    'application/strategic-merge-patch+json',
    '[]',
    400,
    'json: cannot unmarshal array into Go value of type map[string]interface {}',
  ],
  [
    'application/json-patch+json',
    '[] x',
    400,
    "error decoding patch: invalid character 'x' after top-level value",
  ],
  [JSON_TYPE, '{}', 415, '415: Unsupported Media Type'],
  ['', '{}', 415, '415: Unsupported Media Type'],
]

test('a patch that is none is refused', async t => {
  for (const [type, body, status, message] of NO_PATCHES) {
    const headers = { 'content-type': type }
    const answer = await api.raw('/api/v1/namespaces/default', { method: 'PATCH', body, headers })
    t.is(answer.body.message, message)
    t.is(answer.status, status)
  }
})

const OPTIONS_OF = 'DeleteOptions.meta.k8s.io "" is invalid: '

/** Options of a deletion that are refused, and why. */
const DELETIONS: [body: object, status: number, message: string][] = [
  [
    { propagationPolicy: 'x' },
    422,
    `${OPTIONS_OF}propagationPolicy: Unsupported value: "x": supported values: "Foreground", "Background", "Orphan", "nil"`,
  ],
  [
    { propagationPolicy: 'Orphan', orphanDependents: true },
    422,
    `${OPTIONS_OF}propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set`,
  ],
  [{ dryRun: ['x'] }, 422, `${OPTIONS_OF}dryRun: Unsupported value: ["x"]: supported values: "All"`],
  [
    { dryRun: 'All' },
    500,
    'json: cannot unmarshal string into Go struct field DeleteOptions.dryRun of type []string',
  ],
  [
    { preconditions: 'x' },
    500,
    'json: cannot unmarshal string into Go struct field DeleteOptions.preconditions of type v1.Preconditions',
  ],
  [
    { gracePeriodSeconds: 'x' },
    500,
    'json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64',
  ],
  [
    { kind: 'Pod', apiVersion: 'v1' },
    500,
    'no kind "Pod" is registered for version "v1" in scheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"',
  ],
]

test('a deletion with odd options deletes nothing', async t => {
  const there = await api.raw(MAPS, { body: named('kept') })
  t.is(there.status, 201)
  for (const [body, status, message] of DELETIONS) {
    const answer = await api.raw(`${MAPS}/kept`, { method: 'DELETE', body })
    t.is(answer.body.message, message)
    t.is(answer.status, status)
  }
  t.is((await api.raw(`${MAPS}/kept`)).status, 200)
})

/** Paths that name nothing, and what kube-apiserver was seen to say of them. */
const PATHS: [path: string, status: number, message: string][] = [
  [`${MAPS}/%2e%2e`, 400, `Name parameter invalid: "..": may not be '..'`],
  [`${MAPS}/%2e`, 400, `Name parameter invalid: ".": may not be '.'`],
  [`${MAPS}/a%25b`, 400, `Name parameter invalid: "a%b": may not contain '%'`],
  [`${MAPS}/a%2Fb`, 404, 'the server could not find the requested resource'],
  [`${MAPS}/a%00b`, 404, 'configmaps "a\\x00b" not found'],
  ['/api/v1/namespaces/default/namespaces', 404, 'the server could not find the requested resource'],
]

/** Asks for a path as it is written. */
async function exactly(path: string): Promise<{ status: number; content: string }> {
  const { cert, key } = api.pki.clients.admin
  const session = connect(api.url, { ca: api.pki.ca.cert, cert, key })
  const stream = session.request({ ':path': path })
  const [headers] = await once(stream, 'response')
  const content = await text(stream)
  session.close()
  return { status: headers[':status'], content }
}

for (const [path, status, message] of PATHS) {
  test(`nothing is at ${path}: ${message}`, async t => {
    const answer = await exactly(path)
    t.is(JSON.parse(answer.content).message, message)
    t.is(answer.status, status)
  })
}

test('a path that cannot be decoded is no request', async t => {
  t.deepEqual(await exactly(`${MAPS}/%zz`), { status: 400, content: '400 Bad Request' })
})

test('over HTTP/2 a body that is too large is answered and its stream ends, though more is to come', async t => {
  const { cert, key } = api.pki.clients.admin
  const session = connect(api.url, { ca: api.pki.ca.cert, cert, key })
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': MAPS, ':method': 'POST', 'content-type': JSON_TYPE })
  const ended = Promise.all([once(stream, 'end'), once(stream, 'aborted')])
  let answer = ''
  stream.on('data', chunk => {
    answer += chunk
  })
  stream.write(Buffer.alloc(4 << 20, ' '))
  const [headers] = await once(stream, 'response')
  t.is(headers[':status'], 413)
  await ended
  t.is(JSON.parse(answer).reason, 'RequestEntityTooLarge')
  t.is(stream.rstCode, constants.NGHTTP2_NO_ERROR)
})

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

test('a document is sent in the form that Accept names first, or not at all', async t => {
  const protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
  const cases: [string, number, string | undefined][] = [
    ['application/json', 200, 'application/json'],
    ['application/json;q=0.1, */*', 200, 'application/json'],
    [`${protobuf};q=0.1, application/json`, 200, 'application/json'],
    [`application/json;q=0.1, ${protobuf}`, 200, protobuf.replace('@', '.')],
    ['application/vnd.kubernetes.protobuf', 406, undefined],
    ['text/html', 406, undefined],
  ]
  for (const [accept, wanted, type] of cases) {
    const { status, headers } = await api.raw('/openapi/v2', { headers: { accept } })
    t.deepEqual([status, headers['content-type']], [wanted, type], accept)
  }
  t.is((await api.raw('/openapi/v3/apis/apps/v1', { headers: { accept: 'text/html' } })).status, 406)
})

test('a patch may leave a version that is no longer served, where the kind was the same in it', async t => {
  const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  const body = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'former' },
    spec: { maxUnavailable: 1 },
  }
  t.is((await api.raw(path, { body })).status, 201)
  const patched = await api.mergePatch(`${path}/former`, {
    apiVersion: 'policy/v1beta1',
    spec: { maxUnavailable: 2 },
  })
  t.deepEqual(
    [patched.status, patched.body.apiVersion, patched.body.spec.maxUnavailable],
    [200, 'policy/v1', 2],
  )
  const unknown = await api.mergePatch(`${path}/former`, { apiVersion: 'extensions/v1beta1' })
  t.is(unknown.status, 422)
})
