import test from 'ava'
import { nodes, pods } from '../../../../api/kinds/core.ts'
import type { Node, Pod } from '../../../../api/kinds/types.ts'
import { startTestNode, type TestNode } from '../../../helpers/kubelet.ts'
import { conditionOf, idOf, isOver, isReady, shell, sleeper, statusOf } from '../../../helpers/pod-parts.ts'

let node: TestNode
test.before(async () => {
  node = await startTestNode()
})
test.after.always(() => node?.stop())

const exec = (pod: Pod, container: string, ...command: string[]): Promise<string> => {
  const id = `test-${Math.random().toString(36).slice(2)}`
  const task = ['task', 'exec', '--exec-id', id, idOf(pod, container), ...command]
  return node.machine.run('ctr', '-a', node.machine.socket, '-n', 'k8s.io', ...task)
}
const logs = async (pod: Pod, container: string): Promise<string> => {
  const { text } = await node.ask(`/containerLogs/default/${pod.metadata.name}/${container}`)
  return text
}

test.serial('init containers run one after the other before the others, a sidecar beside them', async t => {
  const volumeMounts = [{ name: 'shared', mountPath: '/shared' }]
  await node.createPod('inits', {
    restartPolicy: 'Never',
    volumes: [{ name: 'shared', emptyDir: {} }],
    initContainers: [
      shell('first', 'echo first >> /shared/order', { volumeMounts }),
      sleeper('sidecar', {
        restartPolicy: 'Always',
        volumeMounts,
        command: [
          'sh',
          '-c',
          'echo sidecar >> /shared/order; trap "exit 0" TERM; while :; do sleep 0.05; done',
        ],
      }),
      shell(
        'second',
        'until grep -q sidecar /shared/order; do sleep 0.02; done; echo second >> /shared/order',
        {
          volumeMounts,
        },
      ),
    ],
    containers: [shell('main', 'cat /shared/order', { volumeMounts })],
  })
  const pod = await node.waitForPod('inits', isOver)
  t.is(pod.status!.phase, 'Succeeded')
  t.is(await logs(pod, 'main'), 'first\nsidecar\nsecond\n')
  t.like(conditionOf(pod, 'Initialized'), { status: 'True', reason: 'PodCompleted' })
  t.is(statusOf(pod, 'sidecar')!.state!.terminated!.exitCode, 0)
})

test.serial('an init container that fails keeps a Pod that runs once from running', async t => {
  await node.createPod('bad-init', {
    restartPolicy: 'Never',
    initContainers: [shell('broken', 'exit 3')],
    containers: [sleeper()],
  })
  const pod = await node.waitForPod('bad-init', isOver)
  t.is(pod.status!.phase, 'Failed')
  t.is(statusOf(pod, 'broken')!.state!.terminated!.exitCode, 3)
  t.like(conditionOf(pod, 'Initialized'), {
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: 'containers with incomplete status: [broken]',
  })
  t.is(statusOf(pod)!.state!.waiting!.reason, 'PodInitializing')
})

test.serial(
  'last words are taken from the file, or from the log when it failed and that is wanted',
  async t => {
    await node.createPod('words', {
      restartPolicy: 'Never',
      containers: [
        shell('file', 'echo -n written > /dev/termination-log; echo logged; exit 1'),
        shell('log', 'echo one; echo two; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' }),
        shell('part', 'echo one; echo -n end; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' }),
        shell('nobody', 'echo -n mine > /dev/termination-log', { securityContext: { runAsUser: 65534 } }),
        shell('fine', 'echo one', { terminationMessagePolicy: 'FallbackToLogsOnError' }),
        shell('own', 'echo -n mine > /tmp/last', { terminationMessagePath: '/tmp/last' }),
      ],
    })
    const pod = await node.waitForPod('words', isOver)
    const words = (name: string) => statusOf(pod, name)!.state!.terminated!.message
    t.is(words('file'), 'written')
    t.is(words('log'), 'one\ntwo\n')
    t.is(words('part'), 'one\nend')
    t.is(words('nobody'), 'mine')
    t.is(words('fine'), undefined)
    t.is(words('own'), 'mine')
  },
)

test.serial('containers are started again by their Pod’s restart policy', async t => {
  const containers = [shell('good', 'exit 0'), shell('bad', 'exit 1')]
  await node.createPod('on-failure', { restartPolicy: 'OnFailure', containers })
  const pod = await node.waitForPod('on-failure', found => (statusOf(found, 'bad')?.restartCount ?? 0) > 0)
  t.is(statusOf(pod, 'good')!.restartCount, 0)
  t.like(statusOf(pod, 'good')!.state!.terminated, { exitCode: 0, reason: 'Completed' })
})

test.serial('hooks run after the start and before the end', async t => {
  const volumeMounts = [{ name: 'shared', mountPath: '/shared' }]
  await node.createPod('hooked', {
    terminationGracePeriodSeconds: 10,
    volumes: [
      { name: 'shared', hostPath: { path: `${node.machine.dir}/hooked`, type: 'DirectoryOrCreate' } },
    ],
    containers: [
      sleeper('main', {
        volumeMounts,
        lifecycle: {
          postStart: { exec: { command: ['sh', '-c', 'echo started >> /shared/log'] } },
          preStop: { exec: { command: ['sh', '-c', 'echo stopping >> /shared/log'] } },
        },
      }),
    ],
  })
  await node.waitForPod('hooked', isReady)
  await node.client.delete(pods, { name: 'hooked', namespace: 'default' })
  await node.waitForGone('hooked')
  t.is(await node.machine.run('cat', `${node.machine.dir}/hooked/log`), 'started\nstopping\n')
})

test.serial('a container whose postStart hook fails is ended and told', async t => {
  await node.createPod('bad-hook', {
    containers: [sleeper('main', { lifecycle: { postStart: { exec: { command: ['false'] } } } })],
  })
  await node.waitForEvent('bad-hook', /^FailedPostStartHook: PostStartHook failed$/)
  const pod = await node.waitForPod(
    'bad-hook',
    found => statusOf(found)?.state?.waiting?.reason === 'PostStartHookError',
  )
  t.false(isReady(pod))
})

test.serial('a Pod that runs longer than its deadline fails', async t => {
  await node.createPod('late', { activeDeadlineSeconds: 1, containers: [sleeper()] })
  const pod = await node.waitForPod('late', isOver)
  t.like(pod.status, {
    phase: 'Failed',
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
  })
})

test.serial('what cannot be started says why', async t => {
  await node.createPod('no-command', { containers: [{ name: 'main', command: ['/no/such'] }] })
  const failed = await node.waitForPod(
    'no-command',
    pod => statusOf(pod)?.state?.waiting?.reason === 'RunContainerError',
  )
  t.regex(statusOf(failed)!.state!.waiting!.message!, /no such file or directory/)
  const missing = { name: 'X', valueFrom: { configMapKeyRef: { name: 'absent', key: 'k' } } }
  await node.createPod('no-config', { containers: [sleeper('main', { env: [missing] })] })
  const waiting = await node.waitForPod('no-config', pod => statusOf(pod)?.state?.waiting?.message)
  t.like(statusOf(waiting)!.state!.waiting, {
    reason: 'CreateContainerConfigError',
    message: 'configmap "absent" not found',
  })
})

test.serial('cgroups hold a Pod to its class and limits', async t => {
  const resources = { requests: { cpu: '100m', memory: '16Mi' }, limits: { cpu: '200m', memory: '32Mi' } }
  await node.createPod('burstable', { containers: [sleeper('main', { resources })] })
  const exact = { cpu: '100m', memory: '16Mi' }
  await node.createPod('guaranteed', {
    containers: [sleeper('main', { resources: { requests: exact, limits: exact } })],
  })
  const burstable = await node.waitForPod('burstable', isReady)
  const guaranteed = await node.waitForPod('guaranteed', isReady)
  t.is(burstable.status!.qosClass, 'Burstable')
  t.is(guaranteed.status!.qosClass, 'Guaranteed')
  const isUnified = (await node.machine.run('ls', '/sys/fs/cgroup')).includes('cgroup.controllers')
  const read = async (controller: string, path: string): Promise<string> =>
    (await node.machine.run('cat', `/sys/fs/cgroup/${isUnified ? '' : controller}/kubepods/${path}`)).trim()
  const [memory, quota] = isUnified
    ? ['memory.max', 'cpu.max']
    : ['memory.limit_in_bytes', 'cpu.cfs_quota_us']
  t.is(await read('memory', `burstable/pod${burstable.metadata.uid}/${memory}`), String(32 * 2 ** 20))
  t.is(await read('memory', `pod${guaranteed.metadata.uid}/${memory}`), String(16 * 2 ** 20))
  t.regex(await read('cpu', `burstable/pod${burstable.metadata.uid}/${quota}`), /^20000/)
  const score = await exec(burstable, 'main', 'cat', '/proc/1/oom_score_adj')
  t.true(Number(score) > 0)
})

// Found by upstream's conformance tests: a StatefulSet's Pod was left running beside the one whose port it wanted.
test.serial('a Pod whose port another one has is refused', async t => {
  const ports = [{ containerPort: 80, hostPort: 18_080 }]
  await node.createPod('port-first', { containers: [sleeper('main', { ports })] })
  await node.waitForPod('port-first', isReady)
  await node.createPod('port-second', { containers: [sleeper('main', { ports })] })
  const { status } = await node.waitForPod('port-second', isOver)
  t.like(status, {
    phase: 'Failed',
    reason: 'NodePorts',
    message:
      "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  })
})

test.serial('a resource that is advertised for the node can be had of it', async t => {
  const name = 'example.com/dongle'
  const seen = Promise.withResolvers<unknown>()
  const look = ({ status }: Node): void => {
    if (status?.allocatable?.[name]) seen.resolve(status.allocatable[name])
  }
  const off = node.informers.informer(nodes).addHandler({ added: look, updated: look })
  const body = { status: { capacity: { [name]: '2' } } }
  await node.client.patch(nodes, { name: node.nodeName }, { type: 'merge', body }, { subresource: 'status' })
  t.is(await seen.promise, '2')
  off()
})

test.serial('a Pod the node has no room for is refused', async t => {
  await node.createPod('huge', {
    containers: [sleeper('main', { resources: { requests: { cpu: '1000' } } })],
  })
  const { status } = await node.waitForPod('huge', isOver)
  t.is(status!.reason, 'OutOfcpu')
  t.regex(
    status!.message!,
    /^Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, used: \d+, capacity: \d+$/,
  )
})
