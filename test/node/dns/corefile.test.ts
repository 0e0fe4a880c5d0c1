import test from 'ava'
import { parseCorefile } from '../../../node/dns/corefile/parse.ts'
import { defaultCorefile } from '../../../node/dns/default-corefile.ts'

test("Kubernetes' own Corefile is one block for everything", t => {
  const [block, ...others] = parseCorefile(defaultCorefile('cluster.local'))
  t.deepEqual(others, [])
  t.deepEqual(block!.zones, [''])
  t.is(block!.port, 53)
  const names = 'errors health ready kubernetes prometheus forward cache loop reload loadbalance'
  t.deepEqual(
    block!.directives.map(({ name }) => name),
    names.split(' '),
  )
  const kubernetes = block!.directives[3]!
  t.deepEqual(kubernetes.args, ['cluster.local', 'in-addr.arpa', 'ip6.arpa'])
  t.deepEqual(
    kubernetes.block.map(({ name, args }) => [name, ...args].join(' ')),
    ['pods insecure', 'fallthrough in-addr.arpa ip6.arpa', 'ttl 30'],
  )
})

test('keys are zones with ports, several of them, and CIDRs', t => {
  const blocks = parseCorefile('dns://Example.ORG:5353, lab.example {\n}\n10.0.0.0/8 {\n}')
  t.deepEqual(
    blocks.map(({ zones, port }) => ({ zones, port })),
    [
      { zones: ['example.org'], port: 5_353 },
      { zones: ['lab.example'], port: 53 },
      { zones: ['10.in-addr.arpa'], port: 53 },
    ],
  )
})

test('quotes, comments, variables and snippets', t => {
  const text = `# a comment
  (common) {
    errors
    cache {$TTL}
  }
  . {
    import common
    log "{remote} \\"{name}\\"" # not this
  }`
  const [{ directives } = { directives: [] }] = parseCorefile(text, { TTL: '30' })
  t.deepEqual(
    directives.map(({ name, args }) => [name, ...args]),
    [['errors'], ['cache', '30'], ['log', '{remote} "{name}"']],
  )
})

const faults: [string, RegExp][] = [
  ['. {\n errors\n', /line 1: "{" is never closed/],
  ['. \n', /line 1: "{" is missing after \./],
  ['{\n}', /line 1: a server block needs a zone/],
  ['. {\n log "abc\n}', /line 2: a quote is never closed/],
  ['. {\n import nothing\n}', /line 2: import nothing: there is no snippet/],
  ['a.example {\n errors\n}\nA.example {\n errors\n}', /zone a\.example:53 is served twice/],
  ['tls://. {\n}', /tls:\/\/ is not served/],
  ['.:70000 {\n}', /port 70000/],
]

for (const [text, message] of faults) {
  test(`a Corefile is refused: ${message.source}`, t => {
    t.throws(() => parseCorefile(text), { message, code: 'COREFILE_INVALID' })
  })
}
