import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import test from 'ava'
import type { Pki } from '../../../control-plane/auth/pki.ts'
import { startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const MAPS = '/api/v1/namespaces/default/configmaps'
const port = Number(new URL(api.url).port)

/** What the server says to bytes of HTTP/1.1, until it closes the connection. */
async function say(
  sent: string,
  user: keyof Pki['clients'] | null = 'admin',
): Promise<{ line: string; body: any; content: string }> {
  const identity = user ? api.pki.clients[user] : {}
  const socket = connect({ port, host: '127.0.0.1', ca: api.pki.ca.cert, ...identity })
  await once(socket, 'secureConnect')
  socket.write(sent)
  const [head = '', content = ''] = (await text(socket)).split('\r\n\r\n')
  const line = head.split('\r\n')[0]!
  return { line, content, body: content.startsWith('{') ? JSON.parse(content) : undefined }
}

const request = (method: string, path: string, headers = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: it\r\nConnection: close\r\n${headers}\r\n`

for (const method of ['FOO', 'FOO-1', 'LINK', 'OPTIONS', 'TRACE', 'CONNECT', 'QUERY']) {
  test(`no resource knows the method - ${method}`, async t => {
    const { line, body } = await say(request(method, MAPS))
    t.is(line, 'HTTP/1.1 405 Method Not Allowed')
    t.is(body.reason, 'MethodNotAllowed')
    t.is(body.message, 'the server does not allow this method on the requested resource')
  })
}

test('who may do nothing may not do it by an unknown method', async t => {
  const refused = await say(request('FOO', MAPS), null)
  t.is(refused.line, 'HTTP/1.1 403 Forbidden')
  t.is(
    refused.body.message,
    'configmaps is forbidden: User "system:anonymous" cannot  resource "configmaps" in API group "" in the namespace "default"',
  )
  const other = await say(request('FOO', MAPS, 'Impersonate-User: jane\r\n'))
  t.true(other.body.message.includes('User "jane" cannot  resource "configmaps"'), other.body.message)
  const path = await say(request('FOO', '/apis'), null)
  t.is(path.body.message, 'forbidden: User "system:anonymous" cannot foo path "/apis"')
  const token = await say(request('FOO', MAPS, 'Authorization: Bearer wrong\r\n'), null)
  t.is(token.line, 'HTTP/1.1 401 Unauthorized')
})

test('a request to connect elsewhere is one for no path', async t => {
  const { line, content } = await say(request('CONNECT', 'example.com:443'))
  t.is(line, 'HTTP/1.1 404 Not Found')
  t.is(content, '404 page not found\n')
})

test('what comes after an unknown method is left alone', async t => {
  const body = 'x'.repeat(100_000)
  const { line } = await say(request('FOO', MAPS, `Content-Length: ${body.length}\r\n`) + body)
  t.is(line, 'HTTP/1.1 405 Method Not Allowed')
})

test('what is no request is told so, as by Go’s server', async t => {
  const bad = { line: 'HTTP/1.1 400 Bad Request', content: '400 Bad Request', body: undefined }
  t.deepEqual(await say('hello\r\n\r\n'), bad)
  t.deepEqual(await say('F(O / HTTP/1.1\r\nHost: it\r\n\r\n'), bad)
  t.deepEqual(await say('FOO / HTTP/1.1\r\nHost: it\r\nno header\r\n\r\n'), bad)
  t.deepEqual(await say('GET / HTTP/1.1\r\nHost: it\r\nno header\r\n\r\n'), bad)
  const { line } = await say(`GET / HTTP/1.1\r\nHost: it\r\nA: ${'a'.repeat(1.1 * 2 ** 20)}\r\n\r\n`)
  t.is(line, 'HTTP/1.1 431 Request Header Fields Too Large')
})

test('over HTTP/2 unknown methods are refused alike', async t => {
  const { cert, key } = api.pki.clients.admin
  const session = connectHttp2(api.url, { ca: api.pki.ca.cert, cert, key })
  t.teardown(() => session.destroy())
  const unknown = session.request({ ':method': 'FOO', ':path': MAPS }, { endStream: true })
  const [answered] = await once(unknown, 'response')
  t.is(answered[':status'], 405)
  t.is(JSON.parse(await text(unknown)).reason, 'MethodNotAllowed')
  const stream = session.request({ ':method': 'CONNECT', ':authority': 'example.com:443' })
  const [headers] = await once(stream, 'response')
  t.is(headers[':status'], 404)
  stream.close()
})

test('documents that are only read are not deleted', async t => {
  for (const path of ['/version', '/version/', '/.well-known/openid-configuration', '/openid/v1/jwks']) {
    const { status, body } = await api.raw(path, { method: 'DELETE' })
    t.is(status, 405, path)
    t.is(body.reason, 'MethodNotAllowed')
    t.is((await api.raw(path)).status, 200)
  }
  const { status, body } = await api.raw('/version/more')
  t.is(status, 404)
  t.is(body.message, 'the server could not find the requested resource')
})

test('who asks through a Pod that is not there is not sent on first', async t => {
  for (const [path, message] of [
    ['/api/v1/namespaces/default/pods/missing/proxy', 'pods "missing" not found'],
    ['/api/v1/namespaces/default/services/missing/proxy', 'services "missing" not found'],
    ['/api/v1/nodes/missing/proxy', 'nodes "missing" not found'],
  ]) {
    const { status, body } = await api.raw(path!)
    t.is(status, 404, path)
    t.is(body.message, message)
  }
})
