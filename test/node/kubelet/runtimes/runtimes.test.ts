import test from 'ava'
import { pods } from '../../../../api/kinds/core.ts'
import { runtimeClasses } from '../../../../api/kinds/node.ts'
import { startTestNode, type TestNode } from '../../../helpers/kubelet.ts'
import { idOf, isReady, sleeper, statusOf } from '../../../helpers/pod-parts.ts'

let node: TestNode
let second: string
test.before(async () => {
  node = await startTestNode()
  second = await node.machine.startAnotherContainerd('second')
  await node.killKubelet()
  await node.startKubelet({}, { second })
  for (const [name, handler] of [
    ['other', 'second'],
    ['unknown', 'no-such-handler'],
  ] as const) {
    await node.client.create(runtimeClasses, {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name },
      handler,
    })
  }
})
test.after.always(() => node?.stop())

const running = (socket: string): Promise<string> =>
  node.machine.run('ctr', '-a', socket, '-n', 'k8s.io', 'containers', 'list', '-q')

const containers = [sleeper()]

test.serial(
  'a RuntimeClass runs a Pod in the runtime its handler names, beside those of the first',
  async t => {
    await node.createPod('plain', { containers })
    await node.createPod('classy', { runtimeClassName: 'other', containers })
    const plain = await node.waitForPod('plain', isReady)
    const classy = await node.waitForPod('classy', isReady)
    t.regex(statusOf(plain)!.containerID!, /^containerd:\/\//)
    t.regex(statusOf(classy)!.containerID!, /^containerd-second:\/\//)
    t.true((await running(node.machine.socket)).includes(idOf(plain)))
    t.true((await running(second)).includes(idOf(classy)))
    t.false((await running(node.machine.socket)).includes(idOf(classy)))
    t.not(plain.status!.podIP, classy.status!.podIP)
  },
)

test.serial('what happens in any runtime is noticed, also by a kubelet that was started anew', async t => {
  const before = await node.waitForPod('classy', isReady)
  await node.machine.run('ctr', '-a', second, '-n', 'k8s.io', 'task', 'kill', '-s', 'KILL', idOf(before))
  const again = await node.waitForPod('classy', pod => statusOf(pod)?.restartCount === 1 && isReady(pod))
  await node.killKubelet()
  await node.startKubelet()
  await node.machine.run('ctr', '-a', second, '-n', 'k8s.io', 'task', 'kill', '-s', 'KILL', idOf(again))
  const waiting = await node.waitForPod('classy', pod => statusOf(pod)?.restartCount !== 1 || !isReady(pod))
  t.not(statusOf(waiting)!.lastState, undefined)
})

test.serial('all Pods are measured and served, and leave nothing in their runtime', async t => {
  const { text } = await node.ask('/runningpods')
  t.true(text.includes('"plain"') && text.includes('"classy"'))
  for (const name of ['plain', 'classy']) {
    await node.client.delete(pods, { name, namespace: 'default' })
    await node.waitForGone(name)
  }
  t.is((await running(second)).trim(), '')
})

test.serial('a handler no runtime knows is told', async t => {
  await node.createPod('lost', { runtimeClassName: 'unknown', containers })
  const message = await node.waitForEvent('lost', /^FailedCreatePodSandBox/)
  t.regex(
    message,
    /Failed to create pod sandbox: rpc error: .*no runtime for "no-such-handler" is configured/,
  )
})
