import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { startDnsPlugin } from '../../plugins/host/dns.ts'
import { createPluginHost, type PluginHost } from '../../plugins/host/host.ts'
import { startTestDns } from '../helpers/dns-client.ts'
import { quietLog } from '../helpers/log.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const EXAMPLES = join(ROOT, 'plugins', 'examples')
const COREFILE = `.:53 {
  guest
  hosts {
    192.0.2.1 www.example.org
  }
}`

const stopped = new AbortController()
let dataDir: string
let host: PluginHost

test.before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'skiff-dns-plugins-'))
  host = createPluginHost({
    builtins: {},
    baseDir: EXAMPLES,
    dataDir,
    log: quietLog,
    signal: stopped.signal,
  })
})

test.after.always(async () => {
  stopped.abort()
  await rm(dataDir, { recursive: true, force: true })
})

/** A server with one plugin of a file, behind the word `guest` in the Corefile. */
async function serve(t: ExecutionContext, source: string, isolation: 'none' | 'process', config = {}) {
  const plugin = await startDnsPlugin(host, { name: 'guest', source, isolation, config })
  return startTestDns(t, COREFILE, { plugins: [{ ...plugin, name: 'guest' }] })
}

for (const isolation of ['none', 'process'] as const) {
  test(`the example of a DNS plugin answers, and leaves the rest to others - isolation ${isolation}`, async t => {
    const dns = await serve(t, './whoami.ts', isolation, { name: 'me.example' })
    t.deepEqual(await dns.answers('me.example'), ['A 127.0.0.1'])
    t.regex((await dns.answers('me.example', 'TXT'))[0]!, /^TXT port \d+$/)
    t.deepEqual(await dns.answers('me.example', 'MX'), [])
    t.deepEqual(await dns.answers('www.example.org'), ['A 192.0.2.1'])
  })
}

const plugin = async (body: string): Promise<string> => {
  const file = join(dataDir, `${Math.random().toString(36).slice(2)}.ts`)
  await writeFile(
    file,
    `import { definePlugin } from ${JSON.stringify(join(ROOT, 'plugins', 'plugin.ts'))}
export default definePlugin({ type: 'dns', name: 'guest', version: '1', start: () => (${body}) })`,
  )
  return file
}

test('a DNS plugin whose process dies or hangs costs its queries alone, and comes back', async t => {
  const source = await plugin(`{
    name: 'guest',
    resolve({ name }) {
      if (name === 'die.example.org') process.exit(3)
      if (name === 'hang.example.org') return new Promise(() => {})
    },
  }`)
  const dns = await serve(t, source, 'process')
  t.is((await dns.ask('die.example.org')).rcode, 'SERVFAIL')
  // Its process is started again meanwhile.
  while ((await dns.ask('www.example.org')).rcode !== 'NOERROR');
  t.deepEqual(await dns.answers('www.example.org'), ['A 192.0.2.1'])
  const hanging = dns.ask('hang.example.org')
  t.deepEqual(await dns.answers('www.example.org'), ['A 192.0.2.1'])
  t.is((await hanging).rcode, 'SERVFAIL')
})

test('a DNS plugin in a process of its own is waited for until it is ready', async t => {
  const source = await plugin(`{
    name: 'guest',
    asked: 0,
    isReady() { this.asked += 1; return this.asked > 1 },
    resolve() {},
  }`)
  const guest = await startDnsPlugin(host, { name: 'guest', source })
  const answers: boolean[] = []
  while (!answers.at(-1)) {
    answers.push(guest.isReady!())
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  t.false(answers[0])
})
