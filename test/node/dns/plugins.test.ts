import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createLoop } from '../../../node/dns/plugins/loop/loop.ts'
import type { DnsNext, DnsPlugin } from '../../../plugins/dns.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import { startTestDns } from '../../helpers/dns-client.ts'
import { freePort } from '../../helpers/ports.ts'

const ANY_NAME = 'template IN A {\n answer "{{ .Name }} 60 IN A 192.0.2.1"\n }'
const block = (...lines: string[]): string => `.:53 {\n${lines.join('\n')}\n}`

/** A log whose lines are kept. */
function keepingLog(): { log: Logger; lines: string[]; details: any[] } {
  const lines: string[] = []
  const details: any[] = []
  const keep = (detail: object, line: string): void => {
    details.push(detail)
    lines.push(line)
  }
  const log: Logger = { debug() {}, info: keep, warn: keep, error: keep, child: () => log }
  return { log, lines, details }
}

async function tempFile(t: ExecutionContext, text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-dns-'))
  t.teardown(() => rm(dir, { recursive: true }))
  await writeFile(join(dir, 'file'), text)
  return join(dir, 'file')
}

/** All at once: who looks meanwhile does not find half of it. */
async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

test('hosts answers names and addresses of its file and of the Corefile, and follows the file', async t => {
  const file = await tempFile(t, '192.0.2.1 one.example ONE # comment\nfd00::1 one.example\n')
  const server = await startTestDns(
    t,
    block(`hosts ${file} {`, '192.0.2.9 inline.example', 'reload 1ms', 'fallthrough rest.example', '}'),
  )
  t.deepEqual(await server.answers('one.example'), ['A 192.0.2.1'])
  t.deepEqual(await server.answers('one.example', 'AAAA'), ['AAAA fd00::1'])
  t.deepEqual(await server.answers('inline.example'), ['A 192.0.2.9'])
  t.deepEqual(await server.answers('1.2.0.192.in-addr.arpa', 'PTR'), ['PTR one.example', 'PTR one'])
  t.is((await server.ask('one.example', 'MX')).rcode, 'NOERROR')
  t.is((await server.ask('two.example')).rcode, 'NXDOMAIN')
  await replaceFile(file, '192.0.2.2 two.example and more\n')
  while ((await server.ask('two.example')).rcode !== 'NOERROR');
  t.deepEqual(await server.answers('two.example'), ['A 192.0.2.2'])
})

const rewrites: [string, string, string, string[]][] = [
  ['name a.example b.example', 'a.example', 'b.example.', ['a.example']],
  ['name prefix a. b.', 'a.example', 'b.example.', ['a.example']],
  ['name suffix .example .test', 'a.example', 'a.test.', ['a.example']],
  ['name substring am AM', 'example', 'example.', ['example']],
  ['name regex (.*)\\.example {1}.test', 'a.b.example', 'a.b.test.', ['a.b.example']],
  ['stop name regex (.*)\\.ex {1}.test answer name (.*)\\.test {1}.seen', 'a.ex', 'a.test.', ['a.seen']],
]
for (const [rule, asked, becomes, seen] of rewrites) {
  test(`rewrite ${rule}`, async t => {
    const spy: DnsPlugin = {
      name: 'spy',
      resolve: query => ({
        rcode: 'NOERROR',
        answers: [
          { name: query.name, type: 'A', class: 'IN', ttl: 5, data: '192.0.2.1' },
          { name: query.name, type: 'TXT', class: 'IN', ttl: 5, data: `${query.name}.` },
        ],
        authorities: [],
        additionals: [],
      }),
    }
    const server = await startTestDns(t, block(`rewrite ${rule}`, 'spy'), { plugins: [spy] })
    const { answers = [] } = await server.ask(asked)
    t.deepEqual(
      answers.slice(0, 1).map(({ name }) => name),
      seen,
    )
    t.is(String((answers[1] as any).data), becomes.toLowerCase())
  })
}

test('rewrite rules go on only where they say so', async t => {
  const server = await startTestDns(
    t,
    block(
      'rewrite continue name suffix .a .b',
      'rewrite name suffix .b .c',
      'rewrite name suffix .c .d',
      'template IN A d {\n answer "{{ .Name }} A 192.0.2.4"\n}',
      'template IN A c {\n answer "{{ .Name }} A 192.0.2.3"\n}',
    ),
  )
  t.deepEqual(await server.answers('x.a'), ['A 192.0.2.3'])
})

test('rewrite of type and ttl', async t => {
  const server = await startTestDns(
    t,
    block('rewrite continue type AAAA A', 'rewrite ttl suffix example 10-20', ANY_NAME),
  )
  const { answers = [] } = await server.ask('www.example', 'AAAA')
  t.is((answers[0] as any).ttl, 20)
})

test('template fills in what the pattern found, else NXDOMAIN', async t => {
  const server = await startTestDns(
    t,
    block(
      'template IN A ip.example {',
      'match "^(?P<a>\\d+)-(?P<b>\\d+)-(?P<c>\\d+)-(?P<d>\\d+)[.]"',
      'answer "{{ .Name }} 60 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ index .Match 4 }}"',
      '}',
    ),
  )
  t.deepEqual(await server.answers('10-1-2-3.ip.example'), ['A 10.1.2.3'])
  t.is((await server.ask('x.ip.example')).rcode, 'NXDOMAIN')
})

test('loadbalance changes the order of addresses only', async t => {
  const answers = ['1', '2', '3', '4'].map(i => `answer "{{ .Name }} 60 IN A 192.0.2.${i}"`)
  const alias = 'answer "{{ .Name }} 60 IN CNAME other.example"'
  const server = await startTestDns(t, block('loadbalance', 'template IN A {', alias, ...answers, '}'))
  const orders = new Set<string>()
  for (let i = 0; i < 60 && orders.size < 3; i++) {
    const [first, ...rest] = await server.answers('www.example')
    t.is(first, 'CNAME other.example')
    t.deepEqual([...rest].sort(), ['A 192.0.2.1', 'A 192.0.2.2', 'A 192.0.2.3', 'A 192.0.2.4'])
    orders.add(rest.join())
  }
  t.true(orders.size >= 3)
})

test('cache stands before what answers', async t => {
  let asked = 0
  const counter: DnsPlugin = {
    name: 'counter',
    resolve(_, next) {
      asked += 1
      return next(_)
    },
  }
  const corefile = block('counter', 'cache 30', 'hosts /nowhere {', '192.0.2.1 a.example', '}')
  const server = await startTestDns(t, corefile, { plugins: [counter] })
  await server.ask('a.example')
  await server.ask('a.example')
  t.is(asked, 1)
})

test("a third party's plugin is named by its word, and one that returns nothing hands on", async t => {
  const silent: DnsPlugin = { name: 'silent', resolve: async () => undefined }
  const server = await startTestDns(t, block('silent', 'hosts /nowhere {', '192.0.2.6 a.example', '}'), {
    plugins: [silent],
  })
  t.deepEqual(await server.answers('a.example'), ['A 192.0.2.6'])
})

test('health, ready and metrics are served over HTTP', async t => {
  const [health, ready, metrics] = [await freePort(), await freePort(), await freePort()]
  const server = await startTestDns(
    t,
    block(
      `health :${health} {`,
      'lameduck 5s',
      '}',
      `ready :${ready}`,
      `prometheus :${metrics}`,
      'kubernetes cluster.local',
    ),
    { synced: false },
  )
  const get = async (port: number, path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
    return { status: response.status, text: await response.text() }
  }
  t.deepEqual(await get(health, '/health'), { status: 200, text: 'OK' })
  t.deepEqual(await get(ready, '/ready'), { status: 503, text: 'kubernetes' })
  server.informers.sync()
  t.deepEqual(await get(ready, '/ready'), { status: 200, text: 'OK' })
  await server.ask('x.cluster.local')
  const { text } = await get(metrics, '/metrics')
  t.regex(text, /coredns_dns_responses_total\{zone="\.",rcode="NXDOMAIN"\} 1/)
  t.is((await get(health, '/other')).status, 404)
})

test('errors tells what failed, many alike as one line', async t => {
  const { log, lines, details } = keepingLog()
  const failing: DnsPlugin = {
    name: 'failing',
    resolve(query) {
      throw new Error(query.name.startsWith('often') ? 'timed out' : 'broken')
    },
  }
  const server = await startTestDns(t, block('errors {', 'consolidate 3s "^timed out$"', '}', 'failing'), {
    plugins: [failing],
    log,
  })
  await server.ask('once.example')
  t.deepEqual(details.at(-1), { name: 'once.example', type: 'A', error: 'broken' })
  for (let i = 0; i < 3; i++) await server.ask('often.example')
  while (!lines.includes('DNS queries failed')) await new Promise(resolve => setTimeout(resolve, 10))
  t.is(details.at(-1).times, 3)
})

test('log writes the line that is asked for', async t => {
  const { log, lines } = keepingLog()
  const server = await startTestDns(
    t,
    block(
      'log example "{proto} {type} {name} {rcode}" {',
      'class success',
      '}',
      'template IN A example {\n answer "{{ .Name }} 60 IN A 192.0.2.1"\n }',
    ),
    { log },
  )
  await server.ask('www.example')
  await server.ask('www.test')
  await server.ask('www.example', 'MX')
  t.deepEqual(
    lines.filter(line => line.startsWith('udp')),
    ['udp A www.example. NOERROR'],
  )
})

test('a changed Corefile is loaded, one that is wrong is not', async t => {
  const { log, lines } = keepingLog()
  const corefile = (address: string): string =>
    block('reload 20ms 1ms', `template IN A {\n answer "{{ .Name }} 60 IN A ${address}"\n}`)
  const file = await tempFile(t, corefile('192.0.2.1'))
  const server = await startTestDns(t, file, { log })
  t.deepEqual(await server.answers('www.example'), ['A 192.0.2.1'])
  const told = async (line: string): Promise<void> => {
    while (!lines.includes(line)) await new Promise(resolve => setTimeout(resolve, 5))
  }
  await new Promise(resolve => setTimeout(resolve, 50))
  await replaceFile(file, corefile('192.0.2.2'))
  await told('the Corefile was loaded anew')
  t.deepEqual(await server.answers('www.example'), ['A 192.0.2.2'])
  await replaceFile(file, '.:53 {\n nonsense\n}')
  await told('the changed Corefile cannot be used, the old one stays')
  t.deepEqual(await server.answers('www.example'), ['A 192.0.2.2'])
})

test('an unknown plugin or property is named with its line', async t => {
  await t.throwsAsync(startTestDns(t, block('errors', 'nonsense')), {
    message: 'Corefile line 3: unknown plugin "nonsense"',
  })
  await t.throwsAsync(startTestDns(t, block('kubernetes {', 'colour blue', '}')), {
    message: 'Corefile line 3: kubernetes: unknown property "colour"',
  })
})

test('a forwarding loop is told and stopped, names before it are not', async t => {
  t.timeout(120_000)
  const { log, lines } = keepingLog()
  const found = Promise.withResolvers<void>()
  const telling: Logger = {
    ...log,
    error: (detail, line) => {
      log.error(detail, line)
      found.resolve()
    },
  }
  let passes = 0
  /** Forwarding that leads back to where it came from. */
  const forward: DnsNext = query => {
    passes += 1
    return loop.resolve(query, forward)! as ReturnType<DnsNext>
  }
  const ask: DnsNext = query => loop.resolve(query, forward)! as ReturnType<DnsNext>
  const loop = createLoop('', ask, telling)
  t.teardown(() => loop.stop())
  await found.promise
  t.true(passes < 5)
  t.regex(lines[0]!, /come back to this server/)
  const query = {
    id: 1,
    name: 'www.example',
    type: 'A',
    class: 'IN',
    client: { address: '', port: 1, protocol: 'udp' as const },
    recursionDesired: true,
    dnssecOk: false,
    maxSize: 512,
    size: 1,
  }
  const reply = await ask(query)
  t.is(reply.rcode, 'SERVFAIL')
})
