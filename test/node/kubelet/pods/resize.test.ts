import test from 'ava'
import { pods } from '../../../../api/kinds/core.ts'
import { startTestNode, type TestNode } from '../../../helpers/kubelet.ts'
import { conditionOf, idOf, isReady, sleeper, statusOf } from '../../../helpers/pod-parts.ts'

let node: TestNode
test.before(async () => {
  node = await startTestNode()
})
test.after.always(() => node?.stop())

const sized = (cpu: string, memory: string) => ({
  requests: { cpu, memory },
  limits: { cpu: '1', memory: '128Mi' },
})

/** Asks for other resources of the only container. */
const resize = (name: string, resources: object) =>
  node.client.patch(
    pods,
    { name, namespace: 'default' },
    { type: 'strategic', body: { spec: { containers: [{ name: 'main', resources }] } } },
    { subresource: 'resize' },
  )

const limitOf = async (id: string): Promise<number> => {
  const find = `cat $(find /sys/fs/cgroup -path '*${id}/memory.limit_in_bytes' -o -path '*${id}/memory.max' | head -1)`
  return Number(await node.machine.run('sh', '-c', find))
}

test.serial('a container gets more and less while it runs', async t => {
  await node.createPod('grows', { containers: [sleeper('main', { resources: sized('100m', '32Mi') })] })
  const before = await node.waitForPod('grows', isReady)
  t.is(await limitOf(idOf(before)), 128 * 2 ** 20)
  await resize('grows', { requests: { cpu: '200m' }, limits: { memory: '256Mi' } })
  const after = await node.waitForPod('grows', pod => statusOf(pod)?.resources?.limits?.memory === '256Mi')
  t.is(await limitOf(idOf(before)), 256 * 2 ** 20)
  t.is(idOf(after), idOf(before))
  t.like(statusOf(after), { restartCount: 0, allocatedResources: { cpu: '200m', memory: '32Mi' } })
  await node.waitForPod('grows', pod => !conditionOf(pod, 'PodResizeInProgress'))
  await node.waitForEvent('grows', /^ResizeCompleted: Pod resize completed: \{"containers":\[\{"name":"main"/)
  await resize('grows', { limits: { cpu: '500m' } })
  const less = await node.waitForPod('grows', pod => statusOf(pod)?.resources?.limits?.cpu === '500m')
  t.is(idOf(less), idOf(before))
})

test.serial('what a container must be started anew for starts it anew', async t => {
  const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]
  await node.createPod('restarts', {
    containers: [sleeper('main', { resources: sized('100m', '32Mi'), resizePolicy })],
  })
  const before = await node.waitForPod('restarts', isReady)
  await resize('restarts', { limits: { memory: '256Mi' } })
  const after = await node.waitForPod('restarts', pod => statusOf(pod)?.restartCount === 1 && isReady(pod))
  t.not(idOf(after), idOf(before))
  t.is(statusOf(after)!.resources!.limits!.memory, '256Mi')
  t.is(await limitOf(idOf(after)), 256 * 2 ** 20)
})

test.serial('what the node does not have is refused, what it does not have now is waited for', async t => {
  const resources = { requests: { cpu: '100m', memory: '32Mi' } }
  await node.createPod('wants', { containers: [sleeper('main', { resources })] })
  await node.waitForPod('wants', isReady)
  await resize('wants', { requests: { cpu: '1000' } })
  const refused = await node.waitForPod('wants', pod => conditionOf(pod, 'PodResizePending'))
  t.like(conditionOf(refused, 'PodResizePending'), { status: 'True', reason: 'Infeasible' })
  t.regex(
    conditionOf(refused, 'PodResizePending')!.message!,
    /^Node didn't have enough capacity: cpu, requested: 1000000, capacity: \d+$/,
  )
  t.is(statusOf(refused)!.resources!.requests!.cpu, '100m')
  await resize('wants', { requests: { cpu: '150m' } })
  await node.waitForPod(
    'wants',
    pod => !conditionOf(pod, 'PodResizePending') && statusOf(pod)?.resources?.requests?.cpu === '150m',
  )
})
