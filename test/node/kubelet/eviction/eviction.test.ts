import test from 'ava'
import { nodes, pods } from '../../../../api/kinds/core.ts'
import { startTestNode, type TestNode } from '../../../helpers/kubelet.ts'
import { conditionOf, isOver, isReady, shell, sleeper } from '../../../helpers/pod-parts.ts'

let node: TestNode
test.before(async () => {
  node = await startTestNode()
})
test.after.always(() => node?.stop())

const SOON = { evictionMonitorInterval: '100ms', evictionPressureTransitionPeriod: '0s' }

async function restart(settings: object): Promise<void> {
  await node.killKubelet()
  await node.startKubelet({ ...SOON, ...settings })
}

const nodeCondition = async (type: string) => {
  const { status } = await node.client.get(nodes, { name: node.nodeName })
  return status!.conditions!.find(condition => condition.type === type)
}

test.serial('a node short of memory ends Pods in order and takes no best-effort ones', async t => {
  const low = { requests: { memory: '1Gi' } }
  await node.createPod('greedy', { containers: [sleeper()] })
  await node.createPod('modest', { containers: [sleeper('main', { resources: low })] })
  await node.createPod('critical', { priorityClassName: 'system-node-critical', containers: [sleeper()] })
  for (const name of ['greedy', 'modest', 'critical']) await node.waitForPod(name, isReady)
  await restart({ evictionHard: { 'memory.available': '1000Ti' }, evictionPressureTransitionPeriod: '5m0s' })
  const first = await node.waitForPod('greedy', isOver)
  t.is(first.status!.reason, 'Evicted')
  t.regex(
    first.status!.message!,
    /^The node was low on resource: memory\. Threshold quantity: 1000Ti, available: \d+Ki\. Container main was using \d+Ki, request is 0, has larger consumption of memory\. $/,
  )
  t.like(conditionOf(first, 'DisruptionTarget'), { status: 'True', reason: 'TerminationByKubelet' })
  await node.waitForEvent('greedy', /^Evicted: The node was low on resource: memory/)
  await node.waitForEvent(node.nodeName, /^EvictionThresholdMet: Attempting to reclaim memory$/)
  await node.waitForPod('modest', isOver)
  t.true(isReady(await node.waitForPod('critical', () => true)))
  t.like(await nodeCondition('MemoryPressure'), { status: 'True', reason: 'KubeletHasInsufficientMemory' })
  await node.createPod('refused', { containers: [sleeper()] })
  const refused = await node.waitForPod('refused', isOver)
  t.is(refused.status!.reason, 'Evicted')
  t.is(refused.status!.message, 'Pod was rejected: The node had condition: [MemoryPressure]. ')
})

test.serial('a node short of disk says so until it is short no more', async t => {
  await restart({ evictionHard: { 'nodefs.available': '100%' }, imageGCHighThresholdPercent: 100 })
  await node.waitForEvent(node.nodeName, /^EvictionThresholdMet: Attempting to reclaim ephemeral-storage$/)
  await node.waitForEvent(node.nodeName, /^NodeHasDiskPressure: /)
  t.like(await nodeCondition('DiskPressure'), { status: 'True', reason: 'KubeletHasDiskPressure' })
  await restart({ evictionHard: {} })
  await node.waitForEvent(node.nodeName, /^NodeHasNoDiskPressure: /)
  t.like(await nodeCondition('MemoryPressure'), { status: 'False' })
})

test.serial('a soft threshold ends Pods only after its grace period, but is told before', async t => {
  const soft = (gracePeriod: string) => ({
    evictionHard: {},
    evictionSoft: { 'memory.available': '1000Ti' },
    evictionSoftGracePeriod: { 'memory.available': gracePeriod },
    evictionMaxPodGracePeriod: 1,
  })
  await restart({ evictionHard: {} })
  await node.createPod('softly', { containers: [sleeper()] })
  await node.waitForPod('softly', isReady)
  await restart(soft('1h'))
  const deadline = Date.now() + 120_000
  while ((await nodeCondition('MemoryPressure'))?.status !== 'True') {
    if (Date.now() > deadline) return t.fail('the node does not tell that memory is short')
    await new Promise(done => setTimeout(done, 50))
  }
  t.true(isReady(await node.client.get(pods, { name: 'softly', namespace: 'default' })))
  await restart(soft('1ms'))
  const { status } = await node.waitForPod('softly', isOver)
  t.is(status!.reason, 'Evicted')
})

test.serial('Pods that write more than their limits are ended', async t => {
  await restart({ evictionHard: {} })
  const fill = (path: string) => `dd if=/dev/zero of=${path} bs=1M count=3; sleep 1000`
  const small = { limits: { 'ephemeral-storage': '1Mi' } }
  await node.createPod('full-volume', {
    volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Mi' } }],
    containers: [shell('main', fill('/s/x'), { volumeMounts: [{ name: 'scratch', mountPath: '/s' }] })],
  })
  await node.createPod('full-container', {
    containers: [shell('main', fill('/x'), { resources: small }), sleeper('other')],
  })
  const volume = await node.waitForPod('full-volume', isOver)
  t.is(volume.status!.message, 'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ')
  const container = await node.waitForPod('full-container', isOver)
  t.is(container.status!.reason, 'Evicted')
  t.is(container.status!.message, 'Container main exceeded its local ephemeral storage limit "1Mi". ')
})
