import test from 'ava'
import { type CacheOptions, createCache } from '../../../node/dns/plugins/cache/cache.ts'
import { authoritativeReply, emptyReply, negativeReply } from '../../../node/dns/replies.ts'
import type { DnsQuery, DnsReply } from '../../../plugins/dns.ts'

const question = (name: string): DnsQuery => ({
  id: 1,
  name,
  type: 'A',
  class: 'IN',
  client: { address: '192.0.2.1', port: 5, protocol: 'udp' },
  recursionDesired: true,
  dnssecOk: false,
  maxSize: 512,
  size: 40,
})
const answer = (name: string, ttl: number): DnsReply =>
  authoritativeReply([{ name, type: 'A', class: 'IN', ttl, data: '192.0.2.5' }])
const limits = { capacity: 2, maxTtl: 100, minTtl: 5, disabledZones: [] as string[] }
const soa = (ttl: number, minimum: number) => ({
  name: 'example',
  type: 'SOA',
  class: 'IN',
  ttl,
  data: { mname: '', rname: '', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
})

/** A cache with a clock, and a chain behind it that counts. */
function cacheWith(options: Partial<CacheOptions> = {}) {
  const state = { seconds: 0, asked: 0, reply: answer('a.example', 30) as DnsReply | Error }
  const cache = createCache({
    zones: [''],
    success: { ...limits },
    denial: { ...limits },
    servfailTtl: 5,
    staleFor: 0,
    keepTtl: false,
    now: () => state.seconds * 1000,
    ...options,
  })
  const next = (): DnsReply => {
    state.asked += 1
    if (state.reply instanceof Error) throw state.reply
    return state.reply
  }
  return { state, ask: (name = 'a.example') => cache.resolve(question(name), next) as DnsReply }
}

test('an answer is given again with the TTL that is left, until it ends', t => {
  const { state, ask } = cacheWith()
  t.is(ask().answers[0]!.ttl, 30)
  state.seconds = 29
  t.is(ask().answers[0]!.ttl, 1)
  t.is(state.asked, 1)
  state.seconds = 30
  ask()
  t.is(state.asked, 2)
})

test('the shortest and the longest time bound the TTL', t => {
  const { state, ask } = cacheWith()
  state.reply = answer('a.example', 0)
  ask()
  state.seconds = 4
  ask()
  t.is(state.asked, 1)
  state.seconds = 5
  state.reply = answer('a.example', 10_000)
  ask()
  state.seconds = 104
  ask()
  t.is(state.asked, 2)
  state.seconds = 106
  ask()
  t.is(state.asked, 3)
})

test('a denial is kept for as long as its SOA says, and not without one', t => {
  const { state, ask } = cacheWith()
  state.reply = negativeReply('NXDOMAIN', soa(60, 10))
  ask()
  state.seconds = 9
  t.is(ask().rcode, 'NXDOMAIN')
  t.is(state.asked, 1)
  state.reply = emptyReply('NXDOMAIN')
  state.seconds = 10
  ask()
  ask()
  t.is(state.asked, 3)
})

test('zones can be left out, for answers and denials apart', t => {
  const { state, ask } = cacheWith({ success: { ...limits, disabledZones: ['example'] } })
  ask()
  ask()
  t.is(state.asked, 2)
  state.reply = negativeReply('NOERROR', soa(60, 60))
  ask()
  ask()
  t.is(state.asked, 3)
})

test('what was not asked for the longest goes when the cache is full', t => {
  const { state, ask } = cacheWith()
  ask('a.example')
  ask('b.example')
  ask('a.example')
  ask('c.example')
  t.is(state.asked, 3)
  ask('a.example')
  t.is(state.asked, 3)
  ask('b.example')
  t.is(state.asked, 4)
})

test('a failure is kept for a short time, and truncated answers are not', t => {
  const { state, ask } = cacheWith()
  state.reply = emptyReply('SERVFAIL')
  ask()
  ask()
  t.is(state.asked, 1)
  state.seconds = 5
  state.reply = { ...answer('a.example', 30), truncated: true }
  ask()
  ask()
  t.is(state.asked, 3)
})

test('an old answer is better than none where that is wanted', t => {
  const { state, ask } = cacheWith({ staleFor: 60 })
  ask()
  state.seconds = 40
  state.reply = new Error('no upstream')
  t.is(ask().answers[0]!.ttl, 0)
  state.reply = emptyReply('SERVFAIL')
  t.is(ask().rcode, 'NOERROR')
  state.seconds = 200
  t.is(ask().rcode, 'SERVFAIL')
})
