import { fileURLToPath } from 'node:url'
import test from 'ava'
import type { NetworkPeer, NetworkSelf } from '../../../plugins/network.ts'
import { createNamespace, joinNamespaces, type TestNamespace } from '../../helpers/namespaces.ts'

const FIXTURE = fileURLToPath(new URL('../../fixtures/overlay-node.ts', import.meta.url))

let a: TestNamespace
let b: TestNamespace

const machine = (i: number): NetworkPeer => ({
  name: `worker-${i}`,
  address: `192.168.9.${i}`,
  podCIDR: `10.244.${i}.0/24`,
  annotations: {},
})
const selfOf = (i: number): NetworkSelf => ({ ...machine(i), clusterCIDR: '10.244.0.0/16' })

test.beforeEach(async () => {
  a = await createNamespace('a')
  b = await createNamespace('b')
  await joinNamespaces(
    { namespace: a, link: 'under', addresses: ['192.168.9.1/24'] },
    { namespace: b, link: 'under', addresses: ['192.168.9.2/24'] },
  )
})

test.afterEach.always(() => Promise.all([a.remove(), b.remove()]))

async function start(namespace: TestNamespace, self: NetworkSelf, peers: NetworkPeer[]) {
  const overlay = namespace.start(FIXTURE)
  await overlay.call('prepare', self)
  await overlay.call('setPeers', peers)
  return overlay
}

const lines = async (...command: [string, ...string[]]): Promise<string[]> =>
  (await a.run(...command))
    .split('\n')
    .map(line => line.trim().replace(/\s+/g, ' '))
    .filter(Boolean)
    .sort()

/** All that leads to the peers, as iproute2 and nft show it. */
async function state(): Promise<object> {
  const sets = await a.run('nft', '-j', 'list', 'set', 'ip', 'skiff_network', 'nodes')
  return {
    routes: await lines('ip', '-4', 'route', 'show', 'dev', 'skiff.vxlan'),
    neighbours: await lines('ip', '-4', 'neighbour', 'show', 'dev', 'skiff.vxlan'),
    forwarding: await lines('bridge', 'fdb', 'show', 'dev', 'skiff.vxlan'),
    nodes: JSON.parse(sets).nftables.find((entry: any) => entry.set).set.elem,
  }
}

test.serial('machines reach each other through their ends of the overlay', async t => {
  await start(a, selfOf(1), [machine(2)])
  await start(b, selfOf(2), [machine(1)])
  t.regex(await a.run('ping', '-c', '1', '-W', '30', '-I', '10.244.1.0', '10.244.2.0'), /1 received/)
  const [device] = JSON.parse(await a.run('ip', '-j', '-d', 'link', 'show', 'skiff.vxlan'))
  t.like(device, { mtu: 1_450, ifalias: 'skiff' })
})

test.serial('a machine without Pods reaches them with its own address', async t => {
  await start(a, { ...selfOf(1), podCIDR: undefined }, [machine(2)])
  await start(b, selfOf(2), [])
  t.regex(await a.run('ping', '-c', '1', '-W', '30', '10.244.2.0'), /1 received/)
  const [route] = await lines('ip', '-4', 'route', 'show', 'dev', 'skiff.vxlan')
  t.regex(route!, /src 192\.168\.9\.1/)
})

// Peers were compared with memory alone: what led to a node deleted while the agent was down stayed for ever.
test.serial('what an earlier instance left for machines that are gone is taken away', async t => {
  const first = await start(a, selfOf(1), [machine(2), machine(3)])
  await first.kill()
  const second = await start(a, selfOf(1), [machine(2)])
  const fresh = await createdAnew(t, [machine(2)])
  t.deepEqual(await state(), fresh)
  await second.kill()
})

/** What a namespace without a past has. */
async function createdAnew(t: { teardown(fn: () => unknown): void }, peers: NetworkPeer[]): Promise<object> {
  const old = a
  a = await createNamespace('fresh')
  const fresh = a
  t.teardown(() => fresh.remove())
  await a.run('ip', 'link', 'add', 'under', 'type', 'bridge')
  await a.run('ip', 'address', 'add', '192.168.9.1/24', 'dev', 'under')
  await a.run('ip', 'link', 'set', 'under', 'up')
  await start(a, selfOf(1), peers)
  const seen = await state()
  a = old
  return seen
}

const damaged = test.macro(async (t, ...commands: [string, ...string[]][]) => {
  const overlay = await start(a, selfOf(1), [machine(2), machine(3)])
  const before = await state()
  for (const command of commands) await a.run(...command)
  t.notDeepEqual(await state().catch(() => undefined), before)
  await overlay.call('setPeers', [machine(2), machine(3)])
  t.deepEqual(await state(), before)
})

const DEVICE = ['dev', 'skiff.vxlan']
test.serial('a route that was deleted comes back', damaged, ['ip', 'route', 'delete', '10.244.2.0/24'])
test.serial('a route that was bent is put right', damaged, [
  'ip',
  ...['route', 'replace', '10.244.2.0/24', 'via', '10.244.3.0', ...DEVICE, 'onlink'],
])
test.serial('a route nobody wants goes', damaged, [
  'ip',
  ...['route', 'add', '10.244.77.0/24', 'via', '10.244.3.0', ...DEVICE, 'onlink'],
])
test.serial('a neighbour that was changed is put right', damaged, [
  'ip',
  ...['neighbour', 'replace', '10.244.2.0', 'lladdr', '02:00:00:00:00:01', ...DEVICE, 'nud', 'permanent'],
])
test.serial('forwarding that was flushed comes back', damaged, ['bridge', 'fdb', 'flush', ...DEVICE])
test.serial('a device that was deleted comes back', damaged, ['ip', 'link', 'delete', 'skiff.vxlan'])
test.serial('a device that was set down comes back', damaged, ['ip', 'link', 'set', 'skiff.vxlan', 'down'])
test.serial('rules that were deleted come back', damaged, ['nft', 'delete', 'table', 'ip', 'skiff_network'])
test.serial('members that were taken out of the rules come back', damaged, [
  'nft',
  ...['delete', 'element', 'ip', 'skiff_network', 'nodes', '{ 192.168.9.2 }'],
])

// The set held the node's own address alone until the first peers: Pods' traffic to other nodes lost its source.
test.serial('a new instance leaves the rules as they are until it knows its peers', async t => {
  const first = await start(a, selfOf(1), [machine(2), machine(3)])
  const before = await state()
  await first.kill()
  const second = a.start(FIXTURE)
  await second.call('prepare', selfOf(1))
  t.deepEqual(await state(), before)
})

test.serial('a node whose address changed gets a new end of the overlay', async t => {
  const overlay = await start(a, selfOf(1), [machine(2)])
  await a.run('ip', 'address', 'add', '192.168.9.11/24', 'dev', 'under')
  await overlay.call('prepare', { ...selfOf(1), address: '192.168.9.11' })
  await overlay.call('setPeers', [machine(2)])
  const [device] = JSON.parse(await a.run('ip', '-j', '-d', 'link', 'show', 'skiff.vxlan'))
  t.is(device.linkinfo.info_data.local, '192.168.9.11')
  t.regex((await lines('ip', '-4', 'route', 'show', 'dev', 'skiff.vxlan'))[0]!, /^10\.244\.2\.0\/24/)
})

test.serial('an address that no interface has is told with those there are', async t => {
  const overlay = a.start(FIXTURE)
  await t.throwsAsync(() => overlay.call('prepare', { ...selfOf(1), address: '192.168.9.99' }), {
    message: "nodeAddress 192.168.9.99 is on none of this machine's interfaces (lo, under)",
  })
})

test.serial('Pods of one bridge are seen by the rules of Services', async t => {
  await start(a, selfOf(1), [])
  const read = (name: string): Promise<string> => a.run('cat', `/proc/sys/net/${name}`)
  t.is((await read('bridge/bridge-nf-call-iptables')).trim(), '1')
  t.is((await read('ipv4/ip_forward')).trim(), '1')
})

test.serial('clean-up leaves nothing, twice', async t => {
  const overlay = await start(a, selfOf(1), [machine(2)])
  await overlay.call('cleanUp')
  await overlay.call('cleanUp')
  t.is(await a.run('nft', 'list', 'ruleset'), '')
  t.notRegex(await a.run('ip', 'link'), /skiff/)
})
