import test from 'ava'
import { pods } from '../../../../api/kinds/core.ts'
import type { Pod } from '../../../../api/kinds/types.ts'
import { BUSYBOX_IMAGE } from '../../../../lab/images/lab-images.ts'
import { startTestNode, type TestNode } from '../../../helpers/kubelet.ts'
import { isOver, isReady, shell, sleeper, statusOf } from '../../../helpers/pod-parts.ts'

let node: TestNode
test.before(async () => {
  node = await startTestNode()
})
test.after.always(() => node?.stop())

const logs = async (pod: Pod, container: string): Promise<string> => {
  const { text } = await node.ask(`/containerLogs/default/${pod.metadata.name}/${container}`)
  return text
}

test.serial('an ephemeral container joins a running Pod, and the processes of its target', async t => {
  await node.createPod('debugged', { containers: [sleeper()] })
  await node.waitForPod('debugged', isReady)
  const debug = {
    name: 'debugger',
    image: BUSYBOX_IMAGE,
    imagePullPolicy: 'IfNotPresent',
    command: ['cat', '/proc/1/cmdline'],
    targetContainerName: 'main',
  }
  await node.client.patch(
    pods,
    { name: 'debugged', namespace: 'default' },
    { type: 'strategic', body: { spec: { ephemeralContainers: [debug] } } },
    { subresource: 'ephemeralcontainers' },
  )
  const pod = await node.waitForPod('debugged', found => statusOf(found, 'debugger')?.state?.terminated)
  t.is(pod.status!.ephemeralContainerStatuses!.length, 1)
  t.is(statusOf(pod)!.restartCount, 0)
  t.regex(await logs(pod, 'debugger'), /trap/)
  await node.waitForEvent('debugged', /^Started: Started container debugger$/)
})

test.serial('kubectl debug attaches a container to a Pod', async t => {
  await node.createPod('for-kubectl', { containers: [sleeper()] })
  await node.waitForPod('for-kubectl', isReady)
  const args = [
    'debug',
    'for-kubectl',
    '-c',
    'look',
    `--image=${BUSYBOX_IMAGE}`,
    '--image-pull-policy=IfNotPresent',
  ]
  await node.api.kubectl('1.33', ...args, '--profile=general', '--', 'sleep', '1000')
  const pod = await node.waitForPod('for-kubectl', found => statusOf(found, 'look')?.state?.running)
  t.true(isReady(pod))
})

test.serial('a Pod that is over takes its ephemeral containers with it', async t => {
  const wait = 'until [ -e /tmp/done ]; do sleep 0.05; done'
  await node.createPod('ending', { restartPolicy: 'Never', containers: [shell('main', wait)] })
  await node.waitForPod('ending', isReady)
  const command = ['sh', '-c', 'touch /proc/1/root/tmp/done; sleep 1000']
  const debug = { name: 'debugger', image: BUSYBOX_IMAGE, command, targetContainerName: 'main' }
  await node.client.patch(
    pods,
    { name: 'ending', namespace: 'default' },
    { type: 'strategic', body: { spec: { ephemeralContainers: [debug] } } },
    { subresource: 'ephemeralcontainers' },
  )
  const { status } = await node.waitForPod('ending', isOver)
  t.is(status!.phase, 'Succeeded')
})
