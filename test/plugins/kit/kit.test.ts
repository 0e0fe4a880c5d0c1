import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { runKit } from '../../helpers/kit.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
let dir: string

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-kit-test-'))
})

test.after.always(() => rm(dir, { recursive: true, force: true }))

/** A plugin that keeps its contract meets all, and there is something to meet. */
const keeps = test.macro(async (t, least: number, type: string, file: string, ...flags: string[]) => {
  const { code, met, unmet, output } = await runKit(type, file, ...flags)
  t.deepEqual(unmet, [], output)
  t.true(met.length >= least, output)
  t.is(code, 0, output)
})

test.serial('the overlay keeps the network contract', keeps, 10, 'network', 'node/network/overlay/plugin.ts')
test.serial(
  'the example host-routes keeps the network contract',
  ...([keeps, 10, 'network', 'plugins/examples/host-routes.ts', '--config', '{"bridge":"mine0"}'] as const),
)
test.serial('nftables keeps the proxy contract', keeps, 17, 'proxy', 'node/proxy/nftables/plugin.ts')
test.serial(
  'the example whoami keeps the DNS contract',
  ...([
    keeps,
    9,
    'dns',
    'plugins/examples/whoami.ts',
    '--answers',
    '[{"name":"whoami.example","type":"A","expected":["A 192.0.2.53"]}]',
    '--foreign',
    '["example","www.whoami.example"]',
  ] as const),
)

/** A plugin made of another, with a fault put in. */
async function faulty(base: string, body: string): Promise<string> {
  const file = join(dir, `${Math.random().toString(36).slice(2)}.ts`)
  const text = `import base from ${JSON.stringify(join(ROOT, base))}
export default { ...base, async start(context) {
  const plugin = await base.start(context)
  ${body}
  return plugin
} }`
  await writeFile(file, text)
  return file
}

test.serial('a network plugin that forgets what it led to is found out', async t => {
  const file = await faulty(
    'plugins/examples/host-routes.ts',
    'const { setPeers } = plugin; plugin.setPeers = peers => peers.length > 0 ? setPeers(peers) : Promise.resolve()',
  )
  const { code, unmet } = await runKit('network', file)
  t.is(code, 1)
  t.deepEqual(unmet, [
    'a peer that is gone is not led to any more, one that is back is',
    'what an earlier instance led to machines that are gone is taken away',
  ])
})

test.serial('a proxy that sends to the first endpoint alone, and never cleans up, is found out', async t => {
  const file = await faulty(
    'node/proxy/nftables/plugin.ts',
    `const apply = plugin.apply.bind(plugin)
    const first = model => ({ ...model, clusterEndpoints: model.clusterEndpoints.slice(0, 1) })
    plugin.apply = changes => apply({ ...changes, set: changes.set.map(first) })
    plugin.cleanup = async () => {}`,
  )
  const { code, unmet } = await runKit('proxy', file)
  t.is(code, 1)
  t.true(unmet.includes('a ClusterIP is balanced over its endpoints for the node and its Pods'))
  t.is(unmet.at(-1), 'cleanup leaves nothing behind, twice')
})

test.serial('a DNS plugin that changes what is not its own is found out', async t => {
  const file = await faulty(
    'plugins/examples/whoami.ts',
    `const { resolve } = plugin
    plugin.resolve = async (query, next) => {
      const reply = await (resolve(query, next) ?? next(query))
      reply.answers.push({ name: 'x.', type: 'A', class: 'IN', ttl: 1, data: '192.0.2.9' })
      return reply
    }`,
  )
  const { code, unmet } = await runKit('dns', file)
  t.is(code, 1)
  t.true(unmet.includes('whatever is asked, it changes neither the query nor a reply of others'))
})

test.serial('a type without a suite is told with those there are', async t => {
  const { code, output } = await runKit('cloud', 'plugins/examples/whoami.ts')
  t.is(code, 2)
  t.regex(output, /TYPE is one of network, proxy, dns/)
})
