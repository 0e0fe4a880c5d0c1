import test from 'ava'
import { pods } from '../../../../api/kinds/core.ts'
import type { ContainerStatus, Pod } from '../../../../api/kinds/types.ts'
import { startTestNode, type TestNode } from '../../../helpers/kubelet.ts'

let node: TestNode
test.before(async () => {
  node = await startTestNode()
})
test.after.always(() => node?.stop())

const SLEEP = { name: 'main', command: ['sleep', '1000'] }
const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
const first = ({ status }: Pod): ContainerStatus | undefined => status?.containerStatuses?.[0]
const idOf = (pod: Pod): string => first(pod)!.containerID!.split('://')[1]!

async function remove(...names: string[]): Promise<void> {
  for (const name of names) {
    await node.client.delete(pods, { name, namespace: 'default' }, { gracePeriodSeconds: 0 })
    await node.waitForGone(name)
  }
}

/** Kills the process of a container from outside the runtime. */
const crash = (pod: Pod): Promise<string> =>
  node.machine.run('ctr', '-a', node.machine.socket, '-n', 'k8s.io', 'task', 'kill', '-s', 'KILL', idOf(pod))

test.serial('a Pod runs, has its address and conditions, and leaves nothing when it is deleted', async t => {
  await node.createPod('plain', { containers: [SLEEP] })
  const pod = await node.waitForPod('plain', isReady)
  t.is(pod.status!.phase, 'Running')
  t.regex(pod.status!.podIP!, /^10\.99\.0\.\d+$/)
  t.is(pod.status!.qosClass, 'BestEffort')
  t.deepEqual(
    pod.status!.conditions!.map(({ type, status }) => `${type}=${status}`).sort(),
    ['ContainersReady', 'Initialized', 'PodReadyToStartContainers', 'PodScheduled', 'Ready'].map(
      type => `${type}=True`,
    ),
  )
  const events = await node.waitForEvent('plain', /^Started/)
  t.is(events, 'Started: Started container main')
  await node.client.delete(pods, { name: 'plain', namespace: 'default' })
  await node.waitForGone('plain')
  const { uid } = pod.metadata
  const left = await node.machine.run('sh', '-c', `ls ${node.machine.dir}/kubelet/pods; find /sys/fs/cgroup`)
  t.notRegex(left, new RegExp(uid!))
})

test.serial('a container that crashes is started again at once, then with back-off', async t => {
  await node.createPod('crashing', { containers: [SLEEP] })
  await crash(await node.waitForPod('crashing', isReady))
  const again = await node.waitForPod('crashing', pod => first(pod)?.restartCount === 1 && isReady(pod))
  t.is(first(again)!.lastState!.terminated!.exitCode, 137)
  await crash(again)
  const waiting = await node.waitForPod('crashing', pod => first(pod)?.state?.waiting)
  t.is(first(waiting)!.state!.waiting!.reason, 'CrashLoopBackOff')
  t.regex(
    first(waiting)!.state!.waiting!.message!,
    /^back-off 10s restarting failed container=main pod=crashing_default\(/,
  )
  await remove('crashing')
})

test.serial(
  'containers crash and start again while the API server is away, and run on under a new kubelet',
  async t => {
    await node.createPod('alone', { containers: [SLEEP] })
    await node.createPod('steady', { containers: [SLEEP] })
    const pod = await node.waitForPod('alone', isReady)
    const steady = await node.waitForPod('steady', isReady)
    await node.killKubelet()
    await node.startKubelet()
    await crash(pod)
    const again = await node.waitForPod('alone', pod => first(pod)?.restartCount === 1 && isReady(pod))
    t.not(idOf(again), idOf(pod))
    const after = await node.client.get(pods, { name: 'steady', namespace: 'default' })
    t.is(idOf(after), idOf(steady))
    t.is(first(after)!.restartCount, 0)
    await remove('alone', 'steady')
  },
)
