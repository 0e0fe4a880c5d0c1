import assert from 'node:assert/strict'
import type { EndpointModel, ProxyChanges, ProxyNode, ServicePortModel } from '../proxy.ts'
import type { Check } from './check.ts'
import { createMachine, type Machine, plug, type Remote } from './machine.ts'

/** What the suite is run on. */
export interface ProxySubject {
  /** The plugin's file. */
  source: string
  config?: object
}

const NODE_ADDRESS = '10.77.0.1'
const VIP = '10.96.1.1'
const PORT = 80
const NODE_PORT = 30_080
const SERVER_PORT = 8_080
/** So many connections are opened to learn who answers. */
const FEW = 10
/** By so many a proxy that draws by lot has met two endpoints: it misses one of them once in 2^99 times. */
const MANY = 100
/** So long an answer that must not come is waited for (milliseconds). */
const NO_ANSWER = 1_500
const NODE: ProxyNode = { name: 'node', addresses: [NODE_ADDRESS], clusterCIDRs: ['10.78.0.0/16'] }

/** A node with two Pods, and somebody outside. */
interface Lab {
  node: Machine
  pods: Machine[]
  outside: Machine
}

const endpoint = (i: number): EndpointModel => ({
  address: `10.78.1.1${i}`,
  port: SERVER_PORT,
  isLocal: true,
})

/** A Service port with these Pods behind it. */
const model = (pods: number[], more: Partial<ServicePortModel> = {}): ServicePortModel => ({
  id: 'default/web:http/IPv4',
  namespace: 'default',
  name: 'web',
  portName: 'http',
  family: 'IPv4',
  protocol: 'TCP',
  port: PORT,
  clusterIP: VIP,
  externalIPs: [],
  loadBalancerIPs: [],
  loadBalancerSourceRanges: [],
  internalLocal: false,
  externalLocal: false,
  clusterEndpoints: pods.map(endpoint),
  localEndpoints: [],
  hasEndpoints: pods.length > 0,
  ...more,
})

/** The contract of `plugins/proxy.ts`: each requirement by real connections. */
export async function testProxy(subject: ProxySubject, check: Check): Promise<void> {
  const lab = await createLab()
  const { node, outside, pods } = lab
  const before = await kernelState(node)
  const start = (): Promise<Remote> => node.startPlugin('proxy', subject.source, subject.config)
  let plugin = await start()
  const apply = (set: ServicePortModel[], more: Partial<ProxyChanges> = {}): Promise<void> =>
    plugin.call('apply', { full: false, node: NODE, set, removed: [], ...more })
  const ask = (from: Machine, host = VIP, port = PORT): Promise<string> => from.peer().call('tcp', host, port)
  const isAnswered = (from: Machine, host = VIP): Promise<boolean> =>
    from
      .peer()
      .call('tcp', host, PORT, NO_ANSWER)
      .then(
        () => true,
        () => false,
      )
  /** Names of those who answer: of few connections, or of more until there are as many names as wanted. */
  const answering = async (from: Machine, wanted = 1, host = VIP, port = PORT): Promise<string[]> => {
    const names = new Set<string>()
    for (let i = 0; i < FEW || (names.size < wanted && i < MANY); i++) {
      names.add((await ask(from, host, port)).split(' ')[0]!)
    }
    return [...names].sort()
  }
  const isBalanced = async (from: Machine, host = VIP, port = PORT): Promise<void> => {
    assert.deepEqual(await answering(from, 2, host, port), ['pod-1', 'pod-2'])
  }

  await check('a first apply with nothing succeeds', () => apply([], { full: true }))
  await check('a ClusterIP is balanced over its endpoints for the node and its Pods', async () => {
    await apply([model([1, 2])])
    await isBalanced(node)
    await isBalanced(pods[0]!)
  })
  await check('a Pod reaches itself through its Service', async () => {
    await apply([model([1])])
    assert.match(await ask(pods[0]!), /^pod-1 /)
  })
  await check("a Pod is seen by another with its own address through a Service's", async () => {
    await apply([model([1])])
    assert.equal(await ask(pods[1]!), 'pod-1 10.78.1.12')
  })
  await check('changed endpoints hold for new connections once apply has resolved', async () => {
    for (const i of [2, 1, 2]) {
      await apply([model([i])])
      assert.deepEqual(await answering(node), [`pod-${i}`])
    }
  })
  await check('the same change twice is no harm', async () => {
    for (let i = 0; i < 2; i++) await apply([model([1, 2])])
    await isBalanced(node)
  })
  await check('a Service without endpoints refuses at once', async () => {
    await apply([model([])])
    for (const from of [node, pods[0]!]) await assert.rejects(() => ask(from), { code: 'ECONNREFUSED' })
  })
  await check('UDP is served', async () => {
    await apply([model([2], { protocol: 'UDP' })])
    assert.match(await pods[0]!.peer().call('udp', VIP, PORT), /^pod-2 /)
  })
  await check('a NodePort is answered to the outside', async () => {
    await apply([model([1, 2], { nodePort: NODE_PORT })])
    await isBalanced(outside, NODE_ADDRESS, NODE_PORT)
  })
  await check('external policy Local keeps the source', async () => {
    const local = { externalLocal: true, localEndpoints: [endpoint(1)], nodePort: NODE_PORT }
    await apply([model([1, 2], local)])
    assert.equal(await ask(outside, NODE_ADDRESS, NODE_PORT), 'pod-1 10.77.0.2')
  })
  await check('session affinity keeps a client with one endpoint', async () => {
    await apply([model([1, 2], { affinityTimeout: 60 })])
    assert.equal((await answering(pods[0]!)).length, 1)
    await apply([model([1, 2])])
  })
  await check('isIntact says yes when all is there', async () => {
    const isIntact = await plugin.call('isIntact').catch(error => {
      if (/has no method/.test(error.message)) return true
      throw error
    })
    assert.equal(isIntact, true)
  })
  await check('traffic goes on when the plugin stops, and when its process dies', async () => {
    await plugin.call('stop')
    await isBalanced(node)
    await plugin.kill()
    await isBalanced(node)
  })
  await check(
    'a new instance asks for all when it gets differences against state it does not have',
    async () => {
      plugin = await start()
      await apply([model([1])]).catch(error => assert.equal(error.code, 'PROXY_STATE_LOST'))
      await apply([model([2])], { full: true })
      assert.deepEqual(await answering(node), ['pod-2'])
    },
  )
  await check('a full apply takes away what an earlier instance left', async () => {
    const other = model([1], { id: 'default/other:http/IPv4', clusterIP: '10.96.1.2' })
    await apply([other], { full: true })
    assert.match(await ask(node, '10.96.1.2'), /^pod-1 /)
    assert.equal(await isAnswered(node), false, 'it is still answered')
  })
  await check('a Service that is removed is not answered any more', async () => {
    await apply([], { removed: ['default/other:http/IPv4'] })
    assert.equal(await isAnswered(node, '10.96.1.2'), false, 'it is still answered')
  })
  await check('cleanup leaves nothing behind, twice', async () => {
    await apply([model([1, 2], { nodePort: NODE_PORT })])
    for (let i = 0; i < 2; i++) await plugin.call('cleanup')
    assert.deepEqual(await kernelState(node), before)
  })
}

async function createLab(): Promise<Lab> {
  const [node, outside, ...pods] = (await Promise.all(
    ['node', 'outside', 'pod-1', 'pod-2'].map(createMachine),
  )) as [Machine, Machine, Machine, Machine]
  await node.run('ip', 'link', 'add', 'br0', 'type', 'bridge')
  await node.run('ip', 'address', 'add', '10.78.1.1/24', 'dev', 'br0')
  await node.run('ip', 'link', 'set', 'br0', 'up')
  await plug(
    { machine: node, link: 'eth0', address: `${NODE_ADDRESS}/24` },
    { machine: outside, link: 'eth0', address: '10.77.0.2/24' },
  )
  await node.run('ip', 'route', 'add', 'default', 'via', '10.77.0.2')
  for (const [i, pod] of pods.entries()) {
    const address = `${endpoint(i + 1).address}/24`
    await plug({ machine: node, link: pod.name, master: 'br0' }, { machine: pod, link: 'eth0', address })
    await node.run('bridge', 'link', 'set', 'dev', pod.name, 'hairpin', 'on')
    await pod.run('ip', 'route', 'add', 'default', 'via', '10.78.1.1')
    await pod.peer().call('serve', SERVER_PORT, pod.name)
  }
  const settings = ['ipv4/ip_forward', 'bridge/bridge-nf-call-iptables']
  for (const name of settings) await node.run('sh', '-c', `echo 1 > /proc/sys/net/${name}`)
  return { node, outside, pods }
}

/** Links and rules: what a plugin must take back. */
async function kernelState({ run }: Machine): Promise<object> {
  const links: { ifname: string }[] = JSON.parse(await run('ip', '-j', 'link', 'show'))
  return { links: links.map(({ ifname }) => ifname), rules: await rulesOf(run) }
}

/** Of both kinds; a kernel may have one alone. What iptables' tables have by themselves is left out. */
async function rulesOf(run: Machine['run']): Promise<string[]> {
  const nft = await run('/usr/sbin/nft', 'list', 'ruleset').catch(() => '')
  const iptables = await run('/usr/sbin/iptables-legacy-save').catch(() => '')
  const own = iptables.split('\n').filter(line => /^(-A|:[\w-]+ - )/.test(line))
  return [nft.trim(), ...own]
}
