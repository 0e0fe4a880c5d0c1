import assert from 'node:assert/strict'
import packet from 'dns-packet'
import type { DnsNext, DnsPlugin, DnsQuery, DnsReply } from '../dns.ts'
import type { Check } from './check.ts'

/** What the suite is run on. */
export interface DnsSubject {
  /** A started plugin. */
  plugin: DnsPlugin
  /** Questions it must answer, with the answers: `A 192.0.2.1`. The more, the more the suite finds. */
  answers?: { name: string; type: string; expected: string[] }[]
  /** Names it must leave to those behind it. */
  foreign?: string[]
}

const TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT', 'ANY', 'CAA', 'UNKNOWN_65']
const LONGEST = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`
const NAMES = ['', 'com', 'example.org', '*.example.org', '_http._tcp.example.org', 'x\\.y.org', LONGEST]
const REVERSE = ['1.2.0.192.in-addr.arpa', `${'0.'.repeat(31)}1.ip6.arpa`]
const RCODES = [
  ...['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'],
  ...['YXDOMAIN', 'YXRRSET', 'NXRRSET', 'NOTAUTH', 'NOTZONE'],
]

const question = (name: string, type: string): DnsQuery =>
  deepFreeze({
    id: 1,
    name,
    type,
    class: 'IN',
    client: { address: '192.0.2.53', port: 5_353, protocol: 'udp' },
    recursionDesired: true,
    dnssecOk: false,
    maxSize: 1_232,
    size: 40,
  })

/** What somebody behind the plugin answers; frozen, as if it were out of a cache. */
const others: DnsReply = deepFreeze({
  rcode: 'NOERROR',
  answers: [{ name: 'others.example', type: 'A', class: 'IN', ttl: 5, data: '203.0.113.9' }],
  authorities: [],
  additionals: [],
})

/** The contract of `plugins/dns.ts`. */
export async function testDns(
  { plugin, answers = [], foreign = [] }: DnsSubject,
  check: Check,
): Promise<void> {
  const next: DnsNext = () => others
  /** What a client would get; a plugin that throws is a SERVFAIL, which is allowed. */
  const ask = async (name: string, type: string): Promise<DnsReply | undefined> => {
    try {
      return (await plugin.resolve(question(name, type), next)) ?? others
    } catch (error) {
      if (error instanceof TypeError) throw error
      return undefined
    }
  }

  await check('its name is one word of a Corefile', async () => {
    assert.match(plugin.name, /^[a-z][a-z0-9_-]*$/)
  })
  await check('it becomes ready', async () => {
    while (plugin.isReady && !plugin.isReady()) await new Promise(resolve => setTimeout(resolve, 10))
  })
  for (const { name, type, expected } of answers) {
    await check(`it answers ${name} ${type}`, async () => {
      const reply = await plugin.resolve(question(name, type), next)
      assert.ok(reply, 'it left the question to others')
      assert.deepEqual(
        reply.answers.map(({ type, data }) => `${type} ${String(data)}`).sort(),
        [...expected].sort(),
      )
    })
  }
  await check('a name of its own without records of a type is no error, and no answer', async () => {
    for (const { name } of answers) {
      const reply = await ask(name, 'CAA')
      if (reply !== others) assert.equal(reply?.rcode, 'NOERROR')
    }
  })
  await check('what it does not know it leaves to those behind it', async () => {
    for (const name of foreign) assert.equal(await ask(name, 'A'), others, name)
  })
  await check('whatever is asked, it changes neither the query nor a reply of others', async () => {
    for (const name of [...NAMES, ...REVERSE]) for (const type of TYPES) await ask(name, type)
  })
  await check('its replies can be written to the wire, and sent between processes', async () => {
    for (const name of [...NAMES, ...REVERSE, ...answers.map(({ name }) => name)]) {
      for (const type of TYPES) checkReply(await ask(name, type), `${name} ${type}`)
    }
  })
  await check('many questions at once are all answered', async () => {
    const asked = answers.length > 0 ? answers : [{ name: 'example.org', type: 'A' }]
    const replies = Array.from({ length: 500 }, (_, i) => {
      const { name, type } = asked[i % asked.length]!
      return ask(name, type)
    })
    for (const reply of await Promise.all(replies)) checkReply(reply, 'one of many')
  })
  await check('it stops', async () => {
    await plugin.stop?.()
  })
}

function checkReply(reply: DnsReply | undefined, asked: string): void {
  if (!reply) return
  assert.ok(RCODES.includes(reply.rcode), `${asked}: rcode ${reply.rcode}`)
  for (const section of ['answers', 'authorities', 'additionals'] as const) {
    assert.ok(Array.isArray(reply[section]), `${asked}: no list of ${section}`)
    for (const record of reply[section]) {
      assert.ok(Number.isInteger(record.ttl) && record.ttl >= 0, `${asked}: ttl ${record.ttl}`)
      assert.ok(!record.name.endsWith('.'), `${asked}: ${record.name} ends in a dot`)
    }
  }
  const { answers, authorities, additionals } = structuredClone(reply)
  packet.encode({ type: 'response', answers, authorities, additionals } as packet.Packet)
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}
