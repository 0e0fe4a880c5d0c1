import test from 'ava'
import packet from 'dns-packet'
import fc from 'fast-check'
import { isUnanswerable, MalformedQueryError, readQuery } from '../../../node/dns/wire/query.ts'
import { sendTcp, sendUdp, startTestDns } from '../../helpers/dns-client.ts'
import { SEED } from '../../helpers/seed.ts'

fc.configureGlobal(SEED)

const MANY = Array.from({ length: 60 }, (_, i) => `answer "{{ .Name }} 60 IN A 192.0.2.${i + 1}"`).join('\n')
const COREFILE = `.:53 {
  template IN A many.example {
    ${MANY}
  }
  template IN A one.example {
    answer "{{ .Name }} 60 IN A 192.0.2.1"
  }
  template ANY ANY broken.example {
    answer "{{ .Name }} 60 IN A nonsense"
  }
}
only.example:53 {
  template ANY ANY {
    rcode NXDOMAIN
  }
}`

const query = (name: string, extra: object = {}): Buffer =>
  packet.encode({ type: 'query', id: 7, questions: [{ name, type: 'A' }], ...extra })

test("the answer repeats the client's spelling of the name", async t => {
  const server = await startTestDns(t, COREFILE)
  const reply = await server.ask('OnE.ExAmPlE')
  t.is(reply.questions![0]!.name, 'OnE.ExAmPlE')
  t.is(reply.answers![0]!.name, 'OnE.ExAmPlE')
})

test('what does not fit is cut off at a record and comes whole over TCP', async t => {
  const server = await startTestDns(t, COREFILE)
  const small = await server.ask('many.example')
  t.true(small.flag_tc)
  t.true(small.answers!.length > 10 && small.answers!.length < 60)
  const large = await server.ask('many.example', 'A', { udpSize: 1_232 })
  t.false(large.flag_tc)
  t.is(large.answers!.length, 60)
  const overTcp = await server.ask('many.example', 'A', { tcp: true })
  t.false(overTcp.flag_tc)
  t.is(overTcp.answers!.length, 60)
})

test('a client with EDNS is told our size, one without is not', async t => {
  const server = await startTestDns(t, COREFILE)
  const [opt] = (await server.ask('one.example', 'A', { udpSize: 4_096 })).additionals as any[]
  t.is(opt.type, 'OPT')
  t.is(opt.udpPayloadSize, 1_232)
  t.deepEqual((await server.ask('one.example')).additionals, [])
})

test('an EDNS version we do not speak is BADVERS', async t => {
  const server = await startTestDns(t, COREFILE)
  const opt = { type: 'OPT', name: '.', udpPayloadSize: 512, ednsVersion: 1, flags: 0, options: [] }
  const reply = packet.decode((await sendUdp(server.port, query('one.example', { additionals: [opt] })))!)
  t.is((reply.additionals![0] as any).extendedRcode, 1)
})

test('several queries on one connection are all answered', async t => {
  const server = await startTestDns(t, COREFILE)
  const names = ['one.example', 'many.example', 'one.example']
  const replies = await sendTcp(
    server.port,
    names.map(name => query(name)),
  )
  t.deepEqual(
    replies.map(reply => packet.decode(reply).questions![0]!.name),
    names,
  )
})

test('the block with the longest zone answers, and what is in none is refused', async t => {
  const server = await startTestDns(t, COREFILE)
  t.is((await server.ask('x.only.example')).rcode, 'NXDOMAIN')
  t.is((await server.ask('xonly.example')).rcode, 'REFUSED')
  t.is((await server.ask('elsewhere.test')).rcode, 'REFUSED')
})

test('a plugin that fails is SERVFAIL', async t => {
  const server = await startTestDns(t, COREFILE)
  t.is((await server.ask('broken.example')).rcode, 'SERVFAIL')
})

test('zone transfers are refused and other operations are not implemented', async t => {
  const server = await startTestDns(t, COREFILE)
  t.is((await server.ask('one.example', 'AXFR')).rcode, 'REFUSED')
  const update = query('one.example')
  update[2] = 5 << 3
  t.is((packet.decode((await sendUdp(server.port, update))!) as any).rcode, 'NOTIMP')
})

test('replies and scraps are not answered, a bad question is FORMERR', async t => {
  const server = await startTestDns(t, COREFILE)
  const response = query('one.example')
  response[2] = 0x80
  t.is(await sendUdp(server.port, response, 100), undefined)
  t.is(await sendUdp(server.port, Buffer.from('short'), 100), undefined)
  const cut = await sendUdp(server.port, query('one.example').subarray(0, 20))
  t.deepEqual([...cut!.subarray(0, 4)], [0, 7, 0x80, 1])
})

test('no bytes make the reader fail with anything but MalformedQueryError', t => {
  const client = { address: '192.0.2.1', port: 1, protocol: 'udp' as const }
  const header = fc.uint8Array({ minLength: 4, maxLength: 4 })
  const message = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc
      .tuple(header, fc.uint8Array({ maxLength: 60 }))
      .map(([counts, rest]) => Uint8Array.from([0, 1, 1, 0, 0, 1, ...counts, 0, 1, ...rest])),
  )
  fc.assert(
    fc.property(message, bytes => {
      const buffer = Buffer.from(bytes)
      if (isUnanswerable(buffer)) return
      try {
        readQuery(buffer, client)
      } catch (error) {
        if (!(error instanceof MalformedQueryError)) throw error
      }
    }),
    { numRuns: 3_000 },
  )
  t.pass()
})

test('the server goes on after any bytes', async t => {
  const server = await startTestDns(t, COREFILE)
  for (const bytes of fc.sample(fc.uint8Array({ minLength: 1, maxLength: 300 }), 200)) {
    await sendUdp(server.port, Buffer.from(bytes), 0)
  }
  t.deepEqual(await server.answers('one.example'), ['A 192.0.2.1'])
})

test('a port that is taken is named', async t => {
  const server = await startTestDns(t, COREFILE)
  const { startDns } = await import('../../../node/dns/dns.ts')
  const again = startDns({
    informers: server.informers,
    corefile: COREFILE,
    listen: [{ address: '127.0.0.1', port: server.port }],
    clusterDomain: 'cluster.local',
    log: { debug() {}, info() {}, warn() {}, error() {}, child: () => null as never },
    signal: new AbortController().signal,
  })
  await t.throwsAsync(again, {
    message: new RegExp(`DNS cannot listen on 127.0.0.1:${server.port}: another program`),
  })
})
