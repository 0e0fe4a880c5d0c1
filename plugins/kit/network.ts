import assert from 'node:assert/strict'
import type { NetworkPeer, NetworkSelf } from '../network.ts'
import type { Check } from './check.ts'
import { attachPod, type Conflist, type Pod } from './cni.ts'
import { createMachine, type Machine, plug, type Remote } from './machine.ts'

/** What the suite is run on. */
export interface NetworkSubject {
  /** The plugin's file. */
  source: string
  config?: object
  /** Where the executables are that its CNI configuration names. */
  cniBinDir: string
}

const CLUSTER = '10.78.0.0/16'
const PORT = 8_080
/** So long an answer that must not come is waited for (milliseconds). */
const NO_ANSWER = 1_500

/** A node: a machine on the switch, and the plugin in it. */
interface Node {
  machine: Machine
  self: NetworkSelf
  plugin: Remote
}

const peerOf = ({ self: { name, address, podCIDR } }: Node): NetworkPeer => ({
  name,
  address,
  podCIDR: podCIDR!,
  annotations: {},
})

/**
 * The contract of `plugins/network.ts`, on two nodes and a machine without Pods that are joined by a switch. Each has the
 * plugin in a process of its own.
 */
export async function testNetwork(subject: NetworkSubject, check: Check): Promise<void> {
  const [a, b, bare] = await createNodes(subject)
  const before = await kernelState(a.machine)
  const tellAll = (): Promise<unknown> =>
    Promise.all([
      a.plugin.call('setPeers', [peerOf(b)]),
      b.plugin.call('setPeers', [peerOf(a)]),
      bare.plugin.call('setPeers', [peerOf(a), peerOf(b)]),
    ])
  let pods: Pod[] = []

  await check('prepare and setPeers may be called twice', async () => {
    for (const { plugin, self } of [a, b, bare, a]) await plugin.call('prepare', self)
    await tellAll()
    await tellAll()
  })
  await check('conflist names a CNI network, and none where no Pods run', async () => {
    checkConflist(await a.plugin.call('conflist', a.self))
    assert.equal(await bare.plugin.call('conflist', bare.self), undefined)
  })
  await check('Pods of different nodes reach each other with their own addresses', async () => {
    pods = await Promise.all([a, b].map(node => startPod(node, subject)))
    const [one, other] = pods as [Pod, Pod]
    assert.equal(await other.peer().call('tcp', one.address, PORT), `pod-a ${other.address}`)
    assert.equal(await one.peer().call('udp', other.address, PORT), `pod-b ${one.address}`)
  })
  const reach = async (from: Machine, ...timeout: number[]): Promise<void> => {
    assert.match(await from.peer().call('tcp', pods[1]!.address, PORT, ...timeout), /^pod-b /)
  }
  await check("a node reaches another node's Pods", () => reach(a.machine))
  await check('a machine without Pods reaches Pods', () => reach(bare.machine))
  await check('a peer that is gone is not led to any more, one that is back is', async () => {
    await a.plugin.call('setPeers', [])
    await assert.rejects(() => reach(pods[0]!, NO_ANSWER), 'its Pods are still reached')
    await a.plugin.call('setPeers', [peerOf(b)])
    await reach(pods[0]!)
  })
  await check('routes that somebody took away are there again after the next setPeers', async () => {
    await a.machine.run('ip', 'route', 'flush', 'root', b.self.podCIDR!)
    await a.plugin.call('setPeers', [peerOf(b)])
    await reach(pods[0]!)
  })
  await check('an instance that starts anew goes on, without a break for Pods that run', async () => {
    await a.plugin.kill()
    await reach(pods[0]!)
    a.plugin = await a.machine.startPlugin('network', subject.source, subject.config)
    await a.plugin.call('prepare', a.self)
    await reach(pods[0]!)
    await a.plugin.call('setPeers', [peerOf(b)])
    await reach(pods[0]!)
  })
  await check('what an earlier instance led to machines that are gone is taken away', async () => {
    await a.plugin.kill()
    a.plugin = await a.machine.startPlugin('network', subject.source, subject.config)
    await a.plugin.call('prepare', a.self)
    await a.plugin.call('setPeers', [])
    await assert.rejects(() => reach(pods[0]!, NO_ANSWER), 'its Pods are still reached')
  })
  await check('cleanUp leaves nothing behind, twice', async () => {
    for (let i = 0; i < 2; i++) await a.plugin.call('cleanUp')
    assert.deepEqual(await kernelState(a.machine), before)
  })
}

async function createNodes(subject: NetworkSubject): Promise<[Node, Node, Node]> {
  const center = await createMachine('switch')
  await center.run('ip', 'link', 'add', 'br0', 'type', 'bridge')
  await center.run('ip', 'link', 'set', 'br0', 'up')
  const create = async (name: string, i: number, podCIDR: string | undefined): Promise<Node> => {
    const machine = await createMachine(name)
    const address = `10.77.0.${i}`
    await plug(
      { machine, link: 'eth0', address: `${address}/24` },
      { machine: center, link: name, master: 'br0' },
    )
    const plugin = await machine.startPlugin('network', subject.source, subject.config)
    return { machine, plugin, self: { name, address, podCIDR, clusterCIDR: CLUSTER } }
  }
  return Promise.all([
    create('node-a', 1, '10.78.1.0/24'),
    create('node-b', 2, '10.78.2.0/24'),
    create('bare', 3, undefined),
  ])
}

async function startPod({ machine, self, plugin }: Node, { cniBinDir }: NetworkSubject): Promise<Pod> {
  const conflist: Conflist = await plugin.call('conflist', self)
  const pod = await attachPod(machine, conflist, machine.name.replace('node', 'pod'), cniBinDir)
  await pod.peer().call('serve', PORT, pod.name)
  return pod
}

function checkConflist(conflist: Conflist): void {
  assert.equal(typeof conflist, 'object', 'conflist gave no object')
  assert.match(conflist.cniVersion, /^(0\.[34]\.\d|1\.\d\.\d)$/)
  assert.match(conflist.name, /^[a-zA-Z0-9][\w.-]*$/)
  assert.ok(Array.isArray(conflist.plugins) && conflist.plugins.length > 0, 'it has no plugins')
  for (const { type } of conflist.plugins) assert.match(type, /^[\w.-]+$/)
}

/** Names of links, routes and rules: what a plugin must take back. Pods' own are the container runtime's to take back. */
async function kernelState({ run }: Machine): Promise<object> {
  const links: { ifname: string; linkinfo?: { info_kind?: string } }[] = JSON.parse(
    await run('ip', '-j', '-d', 'link', 'show'),
  )
  return {
    links: links
      .filter(({ ifname, linkinfo }) => ifname === 'eth0' || linkinfo?.info_kind !== 'veth')
      .map(({ ifname }) => ifname),
    routes: (await run('ip', '-4', 'route', 'show')).split('\n').map(line => line.trim()),
    rules: await run('/usr/sbin/nft', 'list', 'ruleset'),
  }
}
