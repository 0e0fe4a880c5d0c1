import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { WebSocket } from 'ws'
import { issueCertificate } from '../../../control-plane/auth/pki.ts'
import { startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

interface Talk {
  socket: WebSocket
  /** The next message, as text; undefined when the connection has ended. */
  next(): Promise<string | undefined>
}

function open(path: string, protocols: string[] = [], headers = {}): Talk {
  const tls = { ca: api.pki.ca.cert, ...api.pki.clients.admin, headers }
  const socket = new WebSocket(`${api.url.replace('https', 'wss')}${path}`, protocols, tls)
  const messages: string[] = []
  let isOver = false
  let wake = (): void => {}
  socket.on('message', data => {
    messages.push(data.toString())
    wake()
  })
  socket.on('close', () => {
    isOver = true
    wake()
  })
  return {
    socket,
    async next() {
      while (messages.length === 0 && !isOver) await new Promise<void>(resolve => (wake = resolve))
      return messages.shift()
    },
  }
}

/** The answer to a request for a WebSocket that is refused. */
async function refusal(path: string, protocols: string[]): Promise<{ status: number; body: string }> {
  const { socket } = open(path, protocols)
  socket.on('error', () => {})
  const [, answer] = await once(socket, 'unexpected-response')
  let body = ''
  for await (const part of answer) body += part
  return { status: answer.statusCode, body }
}

test('a watch over a WebSocket sends a message an event', async t => {
  const path = '/api/v1/namespaces/default/configmaps'
  await api.raw(path, { body: { metadata: { name: 'there' } } })
  const { body } = await api.raw(`${path}?fieldSelector=metadata.name=there`)
  const talk = open(`${path}?watch=true&resourceVersion=${body.metadata.resourceVersion}`, ['any'])
  await once(talk.socket, 'open')
  t.is(talk.socket.protocol, 'any')
  for (const name of ['a', 'b']) await api.raw(path, { body: { metadata: { name } } })
  const events = [JSON.parse((await talk.next())!), JSON.parse((await talk.next())!)]
  t.deepEqual(
    events.map(({ type, object }) => [type, object.metadata.name]),
    [
      ['ADDED', 'a'],
      ['ADDED', 'b'],
    ],
  )
  talk.socket.close()
  const state = open(`${path}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name=there`)
  t.is(JSON.parse((await state.next())!).object.metadata.name, 'there')
  t.is(await state.next(), undefined)
})

test('a watch as Tables over a WebSocket tells of the columns in its first message alone', async t => {
  const path = '/api/v1/namespaces/default/services'
  const headers = { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' }
  for (const name of ['first', 'second']) {
    await api.raw(path, { body: { metadata: { name }, spec: { ports: [{ port: 80 }] } } })
  }
  const talk = open(`${path}?watch=true`, [], headers)
  const tables = [JSON.parse((await talk.next())!), JSON.parse((await talk.next())!)]
  t.is(tables[0].object.columnDefinitions[0].name, 'Name')
  t.is(tables[1].object.columnDefinitions, null)
  talk.socket.close()
})

test('a watch that cannot begin is refused as over HTTP', async t => {
  const path = '/api/v1/configmaps?watch=true&labelSelector=a%3D%3D%3Db'
  const { status, body } = await refusal(path, [])
  t.is(status, 400)
  t.deepEqual(JSON.parse(body), (await api.raw(path)).body)
})

test('a log over a WebSocket begins with an empty message and ends with the log; a node is reached by its port too', async t => {
  const { key, cert } = await issueCertificate({
    ca: api.pki.ca,
    commonName: 'system:node:n',
    usage: 'server',
    days: 1,
    sans: { addresses: ['127.0.0.1'] },
  })
  const kubelet = createServer({ key, cert }, ({ url }, response) => {
    if (url === '/containerLogs/default/logged/c?follow=true') response.end('one\ntwo\n')
    else if (url === '/there') response.end('here')
    else response.writeHead(404).end('no such container')
  })
  kubelet.listen(0, '127.0.0.1')
  await once(kubelet, 'listening')
  t.teardown(() => {
    kubelet.closeAllConnections()
    kubelet.close()
  })
  const { port: Port } = kubelet.address() as AddressInfo
  const addresses = [{ type: 'InternalIP', address: '127.0.0.1' }]
  const status = { addresses, daemonEndpoints: { kubeletEndpoint: { Port } } }
  await api.raw('/api/v1/nodes', { body: { metadata: { name: 'n' }, status } })
  await api.raw('/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'default' } } })
  const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] }
  const created = await api.raw('/api/v1/namespaces/default/pods', {
    body: { metadata: { name: 'logged' }, spec },
  })
  t.is(created.status, 201)
  for (const name of ['n', `n:${Port}`, `https:n:${Port}`]) {
    t.is((await api.raw(`/api/v1/nodes/${name}/proxy/there`)).text, 'here', name)
  }
  const log = '/api/v1/namespaces/default/pods/logged/log'
  const plain = open(`${log}?follow=true`, ['binary.k8s.io'])
  t.deepEqual([await plain.next(), await plain.next(), await plain.next()], ['', 'one\ntwo\n', undefined])
  t.is(plain.socket.protocol, 'binary.k8s.io')
  const encoded = open(`${log}?follow=true`, ['base64.binary.k8s.io'])
  await encoded.next()
  t.is(Buffer.from((await encoded.next())!, 'base64').toString(), 'one\ntwo\n')
  const other = await refusal(`${log}?follow=true`, ['other'])
  t.is(other.status, 400)
  t.regex(other.body, /requested protocol\(s\) are not supported: \[other\]/)
  const missing = await refusal(log, ['binary.k8s.io'])
  t.is(missing.status, 404)
  t.is(JSON.parse(missing.body).message, 'no such container')
})
