import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'
import test from 'ava'
import { pods } from '../../../../api/kinds/core.ts'
import { startTestApiServer, type TestApiServer } from '../../../helpers/api-server.ts'

let api: TestApiServer
let answer: (request: IncomingMessage, response: ServerResponse) => void
const server = createServer((request, response) => answer(request, response))
/** Where the server is seen through the proxy. */
let proxy: string

test.before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  api = await startTestApiServer()
  // A namespace of this name must not be taken for the subresource.
  await api.raw('/api/v1/namespaces', {
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'proxy' } },
  })
  await api.raw('/api/v1/namespaces/proxy/serviceaccounts', {
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
  })
  await api.client.create(pods, {
    metadata: { name: 'web', namespace: 'proxy' },
    spec: { containers: [{ name: 'web', image: 'web' }] },
  })
  const status = { phase: 'Running' as const, podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] }
  const patch = { type: 'merge' as const, body: { status } }
  await api.client.patch(pods, { name: 'web', namespace: 'proxy' }, patch, { subresource: 'status' })
  proxy = `/api/v1/namespaces/proxy/pods/web:${port}/proxy`
})
test.after.always(async () => {
  await api?.stop()
  server.close()
})

const own = (): string => `127.0.0.1:${(server.address() as AddressInfo).port}`

test.serial('links of a page lead back through the proxy', async t => {
  answer = (_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.setHeader('access-control-allow-origin', '*')
    response.end(
      `<a href="/a/../b/?q=1">ä</a><a href="c">c</a><a href="http://${own()}/d">d</a><a href="http://example.com/e">e</a>`,
    )
  }
  const { text, headers, status } = await api.raw(`${proxy}/page`)
  t.is(status, 200)
  t.is(
    text,
    `<a href="${proxy}/b/?q=1">ä</a><a href="c">c</a><a href="${proxy}/d">d</a><a href="http://example.com/e">e</a>`,
  )
  t.is(headers['content-length'], String(Buffer.byteLength(text)))
  t.is(headers['access-control-allow-origin'], undefined)
  // Connections to Pods are not counted.
  t.is(headers['x-kubernetes-pf-flowschema-uid'], undefined)
})

test.serial('a page that is compressed stays so', async t => {
  answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' })
    response.end(gzipSync('<a href="/a">'))
  }
  const response = await api.open(`${proxy}/`)
  t.is(response.headers['content-encoding'], 'gzip')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  t.is(gunzipSync(Buffer.concat(chunks)).toString(), `<a href="${proxy}/a">`)
})

test.serial('what is no page is passed on as it is', async t => {
  const text = '<a href="/a">'
  answer = (request, response) => {
    const isStrange = request.url === '/strange'
    response.setHeader('content-type', isStrange ? 'text/html' : 'text/plain')
    if (isStrange) response.setHeader('content-encoding', 'br')
    response.end(text)
  }
  t.is((await api.raw(`${proxy}/`)).text, text)
  t.is((await api.raw(`${proxy}/strange`)).text, text)
})

test.serial('a redirect leads back through the proxy', async t => {
  const moved = async (location: string) => {
    answer = (_request, response) => response.writeHead(302, { location }).end()
    return (await api.raw(`${proxy}/old`)).headers.location
  }
  t.is(await moved('/new?x=/y'), `${proxy}/new?x=/y`)
  t.is(await moved(`http://${own()}/new/`), `${proxy}/new/`)
  t.is(await moved(`${new URL(api.url).origin}/new`), `${new URL(api.url).origin}${proxy}/new`)
  t.is(await moved(`${proxy}/new`), `${proxy}/new`)
  t.is(await moved('https://example.com/new'), 'https://example.com/new')
  t.is(await moved('new'), 'new')
})

test.serial('a GET of the proxy itself is sent to its root, other methods are passed on', async t => {
  answer = (request, response) => response.end(`${request.method} ${request.url}`)
  const moved = await api.raw(`${proxy}?a=b`)
  t.is(moved.status, 301)
  t.is(moved.headers.location, `${proxy}/?a=b`)
  t.is(moved.headers['content-type'], undefined)
  t.is((await api.raw(proxy, { method: 'DELETE' })).text, 'DELETE /')
})
