import { createSocket } from 'node:dgram'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import packet from 'dns-packet'
import { followResolvConf, nameservers } from '../../../node/dns/plugins/forward/resolv-conf.ts'
import { startTestDns } from '../../helpers/dns-client.ts'

interface TestUpstream {
  port: number
  asked: string[]
  state: { isSilent: boolean; truncates: boolean }
}

/** An upstream on 127.0.0.1 that answers every A question with one address, over UDP and TCP. */
async function startUpstream(t: ExecutionContext, address: string): Promise<TestUpstream> {
  const state = { isSilent: false, truncates: false }
  const asked: string[] = []
  const answer = (message: Buffer, protocol: string): Buffer | undefined => {
    const { id, questions = [] } = packet.decode(message)
    asked.push(`${protocol} ${questions[0]!.name}`)
    if (state.isSilent) return undefined
    const cut = state.truncates && protocol === 'udp'
    return packet.encode({
      type: 'response',
      id: id!,
      flags: cut ? packet.TRUNCATED_RESPONSE : 0,
      questions,
      answers: cut ? [] : [{ name: questions[0]!.name, type: 'A', ttl: 60, data: address }],
    })
  }
  const udp = createSocket('udp4')
  udp.on('message', (message, peer) => {
    const reply = answer(message, 'udp')
    if (reply) udp.send(reply, peer.port, peer.address)
  })
  const tcp = createServer(socket => {
    socket.on('data', bytes => {
      const reply = answer(bytes.subarray(2), 'tcp')!
      const length = Buffer.alloc(2)
      length.writeUInt16BE(reply.length)
      socket.end(Buffer.concat([length, reply]))
    })
  })
  // TCP first: of its ports many are in use by connections.
  await new Promise<void>(done => tcp.listen(0, '127.0.0.1', done))
  const { port } = tcp.address() as AddressInfo
  await new Promise<void>(done => udp.bind(port, '127.0.0.1', done))
  t.teardown(() => {
    udp.close()
    tcp.close()
  })
  return { port, asked, state }
}

const forwardTo = (upstreams: TestUpstream[], options = ''): string =>
  `.:53 {\n errors\n forward . ${upstreams.map(({ port }) => `127.0.0.1:${port}`).join(' ')} {\n ${options}\n }\n}`

test('a question goes to the upstream, and its answer comes back', async t => {
  const upstream = await startUpstream(t, '192.0.2.1')
  const server = await startTestDns(t, forwardTo([upstream]))
  t.deepEqual(await server.answers('www.example'), ['A 192.0.2.1'])
  t.deepEqual(upstream.asked, ['udp www.example'])
})

test('a truncated answer is asked for again over TCP', async t => {
  const upstream = await startUpstream(t, '192.0.2.1')
  upstream.state.truncates = true
  const server = await startTestDns(t, forwardTo([upstream]))
  t.deepEqual(await server.answers('big.example'), ['A 192.0.2.1'])
  t.deepEqual(upstream.asked, ['udp big.example', 'tcp big.example'])
})

test('force_tcp and questions over TCP use TCP', async t => {
  const upstream = await startUpstream(t, '192.0.2.1')
  const server = await startTestDns(t, forwardTo([upstream]))
  await server.ask('a.example', 'A', { tcp: true })
  const forced = await startTestDns(t, forwardTo([upstream], 'force_tcp'))
  await forced.ask('b.example')
  t.deepEqual(upstream.asked, ['tcp a.example', 'tcp b.example'])
})

test('round_robin takes turns, sequential begins with the first', async t => {
  const [a, b] = [await startUpstream(t, '192.0.2.1'), await startUpstream(t, '192.0.2.2')]
  const inTurn = await startTestDns(t, forwardTo([a, b], 'policy round_robin'))
  for (let i = 0; i < 4; i++) await inTurn.ask(`${i}.example`)
  t.is(a.asked.length, 2)
  t.is(b.asked.length, 2)
  const inOrder = await startTestDns(t, forwardTo([a, b], 'policy sequential'))
  for (let i = 0; i < 4; i++) await inOrder.ask(`${i}.example`)
  t.is(a.asked.length, 6)
})

test('when one refuses, the next is asked; later the one that is down is passed by', async t => {
  const upstream = await startUpstream(t, '192.0.2.2')
  const gone = { port: 9, asked: [], state: upstream.state }
  const server = await startTestDns(t, forwardTo([gone, upstream], 'policy sequential'))
  for (let i = 0; i < 3; i++) t.deepEqual(await server.answers(`${i}.example`), ['A 192.0.2.2'])
})

test('no upstream at all is SERVFAIL at once', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-dns-'))
  t.teardown(() => rm(dir, { recursive: true }))
  await writeFile(join(dir, 'resolv.conf'), 'search example\n')
  const server = await startTestDns(t, `.:53 {\n forward . ${join(dir, 'resolv.conf')}\n}`)
  const reply = await server.ask('www.example')
  t.true(['SERVFAIL', 'NOERROR', 'NXDOMAIN', 'REFUSED'].includes(reply.rcode))
})

test('an upstream that says nothing is SERVFAIL in the end, and others are answered meanwhile', async t => {
  const upstream = await startUpstream(t, '192.0.2.1')
  upstream.state.isSilent = true
  const server = await startTestDns(
    t,
    `.:53 {\n template IN A local.example {\n answer "{{ .Name }} A 192.0.2.3"\n }\n forward . 127.0.0.1:${upstream.port}\n}`,
  )
  const { askServer } = await import('../../helpers/dns-client.ts')
  const silent = askServer(server.port, 'www.example', 'A', {})
  t.deepEqual(await server.answers('local.example'), ['A 192.0.2.3'])
  t.is((await silent).rcode, 'SERVFAIL')
})

test('except and max_concurrent', async t => {
  const upstream = await startUpstream(t, '192.0.2.1')
  const server = await startTestDns(t, forwardTo([upstream], 'except lab.example'))
  t.is((await server.ask('x.lab.example')).rcode, 'REFUSED')
  upstream.state.isSilent = true
  const limited = await startTestDns(t, forwardTo([upstream], 'max_concurrent 1'))
  const first = limited.ask('slow.example')
  while (!upstream.asked.includes('udp slow.example')) await new Promise(resolve => setImmediate(resolve))
  t.is((await limited.ask('more.example')).rcode, 'REFUSED')
  t.is((await first).rcode, 'SERVFAIL')
})

test('name servers are read from resolv.conf', t => {
  t.deepEqual(
    nameservers('# nameserver 1.1.1.1\nnameserver 192.0.2.1\n nameserver\tfe80::1%eth0\nnameserver x\n'),
    ['192.0.2.1', 'fe80::1%eth0'],
  )
})

test('stubs and our own addresses are passed by, for those behind systemd when none is left', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-dns-'))
  t.teardown(() => rm(dir, { recursive: true }))
  const [stub, real] = [join(dir, 'resolv.conf'), join(dir, 'real.conf')]
  await writeFile(real, 'nameserver 192.0.2.7\nnameserver 10.96.0.10\n')
  await writeFile(stub, 'nameserver 127.0.0.53\noptions edns0\n')
  t.deepEqual(followResolvConf(stub, ['10.96.0.10'], real)(), [{ address: '192.0.2.7', port: 53 }])
  await writeFile(stub, 'nameserver 127.0.0.53\nnameserver 192.0.2.8\n')
  t.deepEqual(followResolvConf(stub, [], real)(), [{ address: '192.0.2.8', port: 53 }])
  t.deepEqual(followResolvConf(join(dir, 'none'), [], join(dir, 'none'))(), [])
  await utimes(stub, new Date(), new Date())
})
