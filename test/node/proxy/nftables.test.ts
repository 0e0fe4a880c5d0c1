import test, { type ExecutionContext } from 'ava'
import type { TestProgram } from '../../helpers/namespaces.ts'
import {
  CLIENT_ADDRESS,
  createProxyLab,
  NODE_ADDRESS,
  type ProxyLab,
  podAddress,
  service,
  slice,
} from '../../helpers/proxy-lab.ts'

let lab: ProxyLab
let proxy: TestProgram
let lastAddress = 0

test.before(async () => {
  lab = await createProxyLab('nftables')
  proxy = await lab.startProxy()
})
test.after.always(() => lab?.remove())

const newAddress = (): string => `10.96.0.${++lastAddress}`

/** A Service under an address of its own, with endpoints. */
async function create(name: string, endpoints: (number | object)[], spec: object = {}, rest: object = {}) {
  const address = newAddress()
  await proxy.call('applied', 'services', service(name, address, spec, rest))
  if (endpoints.length > 0) await proxy.call('applied', 'endpointSlices', slice(name, endpoints))
  return address
}

/** Who answered how many of `times` connections, and the addresses they saw. */
async function ask(from: TestProgram, address: string, port: number, times: number) {
  const answers: string[] = []
  for (let i = 0; i < times; i++) answers.push(await from.call<string>('tcp', address, port))
  const split = answers.map(answer => answer.split(' ') as [string, string])
  return { pods: unique(split.map(([pod]) => pod)), sources: unique(split.map(([, source]) => source)) }
}

const unique = (words: string[]): string[] => [...new Set(words)].sort()

const refused = (t: ExecutionContext, from: TestProgram, address: string, port: number) =>
  t.throwsAsync(from.call('tcp', address, port), { message: 'ECONNREFUSED' })

const nodePort = (port: number, protocol = 'TCP') => ({
  type: 'NodePort',
  ports: [{ name: 'http', port: 80, nodePort: port, protocol }],
})
const ALL = ['pod1', 'pod2', 'pod3']

test.serial('a ClusterIP is balanced over its endpoints for Pods, the node and other machines', async t => {
  const address = await create('balanced', [1, 2, 3])
  for (const from of [lab.pods[0]!, lab.onNode, lab.client]) {
    t.deepEqual((await ask(from, address, 80, 40)).pods, ALL)
  }
})

test.serial('a Pod is seen with its own address, and reaches itself through its Service', async t => {
  const address = await create('hairpin', [1])
  t.deepEqual((await ask(lab.pods[1]!, address, 80, 1)).sources, [podAddress(2)])
  t.deepEqual((await ask(lab.pods[0]!, address, 80, 2)).sources, ['10.244.1.1'])
})

test.serial('a Service without endpoints refuses at once, and so does a port it has not', async t => {
  const address = await create('empty', [], nodePort(30_001))
  for (const from of [lab.pods[0]!, lab.onNode, lab.client]) {
    await refused(t, from, address, 80)
    await refused(t, from, address, 81)
    await refused(t, from, NODE_ADDRESS, 30_001)
  }
})

test.serial('a NodePort is answered on the node for all, masqueraded', async t => {
  await create('node-port', [1, 2, 3], nodePort(30_002))
  for (const from of [lab.client, lab.onNode, lab.pods[0]!]) {
    const { pods, sources } = await ask(from, NODE_ADDRESS, 30_002, 40)
    t.deepEqual(pods, ALL)
    t.deepEqual(sources, ['10.244.1.1'])
  }
})

test.serial('external policy Local keeps the source and the node', async t => {
  const elsewhere = { addresses: ['10.244.2.9'], conditions: { ready: true }, nodeName: 'there' }
  await create('local', [2, elsewhere], { ...nodePort(30_003), externalTrafficPolicy: 'Local' })
  const { pods, sources } = await ask(lab.client, NODE_ADDRESS, 30_003, 10)
  t.deepEqual(pods, ['pod2'])
  t.deepEqual(sources, [CLIENT_ADDRESS])
})

test.serial('external policy Local without endpoints here drops strangers and serves Pods', async t => {
  const elsewhere = { addresses: [podAddress(3)], conditions: { ready: true }, nodeName: 'there' }
  await create('remote', [elsewhere], { ...nodePort(30_004), externalTrafficPolicy: 'Local' })
  await t.throwsAsync(lab.client.call('tcp', NODE_ADDRESS, 30_004, 300), { message: 'TIMEOUT' })
  t.deepEqual((await ask(lab.pods[0]!, NODE_ADDRESS, 30_004, 2)).pods, ['pod3'])
  t.deepEqual((await ask(lab.onNode, NODE_ADDRESS, 30_004, 2)).pods, ['pod3'])
})

test.serial('internal policy Local sends to endpoints of the node only', async t => {
  const elsewhere = { addresses: ['10.244.2.9'], conditions: { ready: true }, nodeName: 'there' }
  const address = await create('internal', [1, elsewhere], { internalTrafficPolicy: 'Local' })
  t.deepEqual((await ask(lab.pods[1]!, address, 80, 10)).pods, ['pod1'])
})

test.serial('external addresses and load balancer addresses are answered', async t => {
  const status = { loadBalancer: { ingress: [{ ip: '203.0.113.7' }] } }
  const spec = { ...nodePort(30_005), type: 'LoadBalancer', externalIPs: ['203.0.113.8'] }
  await create('balancer', [1, 2, 3], spec, { status })
  t.deepEqual((await ask(lab.client, '203.0.113.7', 80, 30)).pods, ALL)
  t.deepEqual((await ask(lab.client, '203.0.113.8', 80, 30)).pods, ALL)
})

test.serial('source ranges of a load balancer keep others out', async t => {
  const status = { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } }
  const spec = {
    ...nodePort(30_006),
    type: 'LoadBalancer',
    loadBalancerSourceRanges: ['10.244.0.0/16', '10.244.1.0/24'],
  }
  await create('guarded', [1], spec, { status })
  t.is((await ask(lab.pods[1]!, '203.0.113.9', 80, 1)).pods.length, 1)
  await t.throwsAsync(lab.client.call('tcp', '203.0.113.9', 80, 300), { message: 'TIMEOUT' })
})

test.serial(
  'two Services with one external address and port: the first is served, then the other',
  async t => {
    await create('claim-a', [1], { externalIPs: ['203.0.113.20'] })
    await create('claim-b', [2], { externalIPs: ['203.0.113.20'] })
    t.deepEqual((await ask(lab.client, '203.0.113.20', 80, 5)).pods, ['pod1'])
    await proxy.call('remove', 'services', 'default/claim-a')
    t.deepEqual((await ask(lab.client, '203.0.113.20', 80, 5)).pods, ['pod2'])
  },
)

test.serial(
  'session affinity keeps a client at its endpoint, also when others come and when the proxy starts again',
  async t => {
    const address = await create('sticky', [1, 2], { sessionAffinity: 'ClientIP' })
    const { pods } = await ask(lab.client, address, 80, 20)
    t.is(pods.length, 1)
    await proxy.call('applied', 'endpointSlices', slice('sticky', [1, 2, 3]))
    t.deepEqual((await ask(lab.client, address, 80, 20)).pods, pods)
    const { pods: others } = await ask(lab.pods[0]!, address, 80, 1)
    t.is(others.length, 1)
    await restart([['sticky', address, [1, 2, 3], { sessionAffinity: 'ClientIP' }]])
    t.deepEqual((await ask(lab.client, address, 80, 20)).pods, pods)
  },
)

test.serial('session affinity ends with its timeout', async t => {
  const sessionAffinityConfig = { clientIP: { timeoutSeconds: 1 } }
  const address = await create('forgetful', [1, 2, 3], { sessionAffinity: 'ClientIP', sessionAffinityConfig })
  const seen = new Set<string>()
  for (let i = 0; i < 12 && seen.size < 2; i++) {
    const { pods } = await ask(lab.client, address, 80, 1)
    for (const pod of pods) seen.add(pod)
    await new Promise(resolve => setTimeout(resolve, 1_100))
  }
  t.true(seen.size > 1)
})

test.serial('endpoints change under load without one failed connection', async t => {
  const address = await create('rolling', [1])
  await lab.client.call('load', address, 80)
  for (let round = 0; round < 30; round++) {
    const endpoints = [[2], [2, 3], [3, 1], [1]][round % 4]!
    await proxy.call('applied', 'endpointSlices', slice('rolling', endpoints))
    await lab.client.call('progress', 2)
  }
  const { failures, answers } = await lab.client.call('endLoad')
  t.deepEqual(failures, [])
  t.deepEqual(unique(answers), ALL)
})

test.serial('a restart of the proxy under load breaks no connection', async t => {
  const address = await create('steady', [1, 2])
  await lab.client.call('load', address, 80)
  await lab.client.call('progress', 20)
  await restart([['steady', address, [1, 2], {}]])
  await lab.client.call('progress', 20)
  const { failures } = await lab.client.call('endLoad')
  t.deepEqual(failures, [])
})

/** Starts the proxy anew after SIGKILL, with these Services only. */
async function restart(kept: [string, string, (number | object)[], object][]): Promise<void> {
  await proxy.kill()
  const { startProxy } = lab
  proxy = await startProxy({
    first: kept.map(([name, address, endpoints, spec]) => ({
      services: service(name, address, spec),
      endpointSlices: slice(name, endpoints),
    })),
  })
}

test.serial('what an earlier instance made and nobody wants any more is gone after a start', async t => {
  const address = await create('left-over', [1])
  await restart([])
  const stdout = await lab.node.run('/usr/sbin/nft', 'list', 'table', 'ip', 'skiff-proxy')
  t.false(stdout.includes(address))
  t.false(stdout.includes('left-over'))
})

test.serial('a deleted Service leaves neither chain nor entry', async t => {
  const sessionAffinity = { sessionAffinity: 'ClientIP' }
  const address = await create('short-lived', [1, 2], { ...nodePort(30_007), ...sessionAffinity })
  await proxy.call('remove', 'services', 'default/short-lived')
  const rules = await lab.node.run('/usr/sbin/nft', 'list', 'table', 'ip', 'skiff-proxy')
  t.false(rules.includes(address))
  t.false(rules.includes('short-lived'))
  t.false(rules.includes('affinity-') && !rules.includes('sticky'))
})

test.serial('a UDP client moves when its endpoint goes, also from and to none at all', async t => {
  const address = newAddress()
  const ports = [{ name: 'http', port: 80, protocol: 'UDP' }]
  await proxy.call('applied', 'services', service('datagrams', address, { ports }))
  await t.throwsAsync(lab.pods[2]!.call('udp', address, 80, 4_000, 300))
  for (const pod of [1, 2, 1]) {
    await proxy.call('applied', 'endpointSlices', slice('datagrams', [pod], 'UDP'))
    t.is(await lab.pods[2]!.call('udp', address, 80, 4_000), `pod${pod} ${podAddress(3)}`)
  }
  await proxy.call('applied', 'endpointSlices', slice('datagrams', [], 'UDP'))
  await t.throwsAsync(lab.pods[2]!.call('udp', address, 80, 4_000, 300))
})

test.serial('a UDP NodePort client moves when its endpoint goes', async t => {
  await proxy.call('applied', 'services', service('udp-port', newAddress(), nodePort(30_008, 'UDP')))
  for (const pod of [1, 2]) {
    await proxy.call('applied', 'endpointSlices', slice('udp-port', [pod], 'UDP'))
    t.is(await lab.client.call('udp', NODE_ADDRESS, 30_008, 4_001), `pod${pod} 10.244.1.1`)
  }
})

test.serial('rules that somebody flushed come back with the next change', async t => {
  const address = await create('flushed', [1])
  await lab.node.run('/usr/sbin/nft', 'delete', 'table', 'ip', 'skiff-proxy')
  await create('another', [2])
  t.deepEqual((await ask(lab.client, address, 80, 2)).pods, ['pod1'])
})

test.serial('other tables are not touched, and clean-up leaves none of ours', async t => {
  await lab.node.run('/usr/sbin/nft', 'add', 'table', 'ip', 'somebody-elses')
  await proxy.call('cleanup')
  t.is(await lab.node.run('/usr/sbin/nft', 'list', 'ruleset'), 'table ip somebody-elses {\n}\n')
})
