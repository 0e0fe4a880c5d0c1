import test from 'ava'
import { pods } from '../../../../api/kinds/core.ts'
import type { Pod } from '../../../../api/kinds/types.ts'
import { startTestNode, type TestNode } from '../../../helpers/kubelet.ts'
import { idOf, isReady, sleeper, statusOf } from '../../../helpers/pod-parts.ts'

let node: TestNode
test.before(async () => {
  node = await startTestNode()
})
test.after.always(() => node?.stop())

const containers = [sleeper()]

async function remove(...names: string[]): Promise<void> {
  for (const name of names) {
    await node.client.delete(pods, { name, namespace: 'default' })
    await node.waitForGone(name)
  }
}

const ctr = (...args: string[]): Promise<string> =>
  node.machine.run('ctr', '-a', node.machine.socket, '-n', 'k8s.io', ...args)

/** Kills the process of a container from outside the runtime. */
const crash = (pod: Pod): Promise<string> => ctr('task', 'kill', '-s', 'KILL', idOf(pod))

test.serial('a Pod runs, has its address and conditions, and leaves nothing when it is deleted', async t => {
  await node.createPod('plain', { containers })
  const pod = await node.waitForPod('plain', isReady)
  t.is(pod.status!.phase, 'Running')
  t.regex(pod.status!.podIP!, /^10\.99\.0\.\d+$/)
  t.is(pod.status!.qosClass, 'BestEffort')
  const conditions = pod.status!.conditions!.map(({ type, status }) => `${type}=${status}`).sort()
  t.deepEqual(conditions, [
    'ContainersReady=True',
    'Initialized=True',
    'PodReadyToStartContainers=True',
    'PodScheduled=True',
    'Ready=True',
  ])
  await node.waitForEvent('plain', /^Started: Started container main$/)
  await remove('plain')
  const left = await node.machine.run(
    'sh',
    '-c',
    `ls ${node.machine.dir}/kubelet/pods; find /sys/fs/cgroup -type d`,
  )
  t.false(left.includes(pod.metadata.uid!))
})

test.serial('a container that crashes is started again at once, then with back-off', async t => {
  await node.createPod('crashing', { containers })
  await crash(await node.waitForPod('crashing', isReady))
  const again = await node.waitForPod('crashing', pod => statusOf(pod)?.restartCount === 1 && isReady(pod))
  t.like(statusOf(again)!.lastState!.terminated, { exitCode: 137, reason: 'Error' })
  await crash(again)
  const waiting = await node.waitForPod('crashing', pod => statusOf(pod)?.state?.waiting)
  const { reason, message } = statusOf(waiting)!.state!.waiting!
  t.is(reason, 'CrashLoopBackOff')
  t.regex(message!, /^back-off 10s restarting failed container=main pod=crashing_default\([0-9a-f-]+\)$/)
  await remove('crashing')
})

test.serial(
  'a container that crashes while the API server is away is started again all the same',
  async t => {
    await node.createPod('alone', { containers })
    const pod = await node.waitForPod('alone', isReady)
    const before = idOf(pod)
    node.cutApi()
    await crash(pod)
    const deadline = Date.now() + 120_000
    const isBack = async (): Promise<boolean> => {
      const tasks = (await ctr('task', 'list')).split('\n').filter(line => line.includes('RUNNING'))
      return tasks.length === 2 && !tasks.some(line => line.includes(before))
    }
    while (!(await isBack())) if (Date.now() > deadline) return t.fail('the container did not come back')
    node.joinApi()
    const again = await node.waitForPod(
      'alone',
      ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1,
    )
    t.not(idOf(again), before)
    await remove('alone')
  },
)

test.serial('a kubelet that was killed adopts what runs, and finishes what was to end', async t => {
  await node.createPod('steady', { containers })
  await node.createPod('leaving', { containers })
  await node.createPod('crashed', { containers })
  const steady = await node.waitForPod('steady', isReady)
  const crashed = await node.waitForPod('crashed', isReady)
  await node.waitForPod('leaving', isReady)
  await node.killKubelet()
  await node.client.delete(pods, { name: 'leaving', namespace: 'default' })
  await crash(crashed)
  await node.startKubelet()
  await node.waitForGone('leaving')
  await node.waitForPod('crashed', pod => statusOf(pod)?.restartCount === 1 && isReady(pod))
  const after = await node.waitForPod('steady', isReady)
  t.is(idOf(after), idOf(steady))
  t.is(statusOf(after)!.restartCount, 0)
  await remove('steady', 'crashed')
})

test.serial('a runtime that was killed comes back, and its containers went on', async t => {
  await node.createPod('enduring', { containers })
  const before = await node.waitForPod('enduring', isReady)
  await node.machine.restartContainerd()
  await node.createPod('later', { containers })
  await node.waitForPod('later', isReady)
  const after = await node.waitForPod('enduring', isReady)
  t.is(idOf(after), idOf(before))
  await crash(after)
  await node.waitForPod('enduring', pod => statusOf(pod)?.restartCount === 1 && isReady(pod))
  await remove('enduring', 'later')
})
