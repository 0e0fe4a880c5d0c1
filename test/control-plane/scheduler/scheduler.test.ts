import test from 'ava'
import { pods } from '../../../api/kinds/core.ts'
import { events } from '../../../api/kinds/events.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import { startScheduler } from '../../../control-plane/scheduler/scheduler.ts'
import type { SchedulerPlugin } from '../../../plugins/scheduler.ts'
import { startTestControlLoops, type TestControlLoops } from '../../helpers/control-loops.ts'
import { quietLog } from '../../helpers/log.ts'

let loops: TestControlLoops
const stopping = new AbortController()
const story: string[] = []
let refusals = 0

/** Takes part wherever a step may, for Pods that are named after it. */
const witness: SchedulerPlugin = {
  name: 'Witness',
  reserve: ({ metadata }) => void note('reserve', metadata.name),
  unreserve: ({ metadata }) => void note('unreserve', metadata.name),
  async permit({ metadata }) {
    note('permit', metadata.name)
    if (metadata.name === 'witnessed' && refusals++ === 0) throw new Error('come back later')
  },
  preBind: async ({ metadata }) => note('preBind', metadata.name),
  postBind: ({ metadata }) => note('postBind', metadata.name),
}
const note = (step: string, name: string): void => {
  if (name === 'witnessed') story.push(step)
}

test.before(async () => {
  loops = await startTestControlLoops({ nodes: ['n1'], scheduler: false })
  await loops.watched(pods)
  const { client } = loops
  void startScheduler({ client, plugins: [witness], log: quietLog, signal: stopping.signal })
})
test.after.always(async () => {
  stopping.abort()
  await loops?.stop()
})

const create = (name: string, cpu: string, more: object = {}): Promise<Pod> =>
  loops.client.create(pods, {
    metadata: { name, namespace: 'default' },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'c', image: 'x', resources: { requests: { cpu } } }],
      ...more,
    },
  } as never)
const bound = (name: string): Promise<Pod> =>
  loops.waitFor(pods, `default/${name}`, ({ spec }) => spec.nodeName)

test.serial('steps are asked in their order, and give back what they set aside when one refuses', async t => {
  await create('witnessed', '10m')
  await bound('witnessed')
  await loops.waitForEvent('Pod', 'witnessed', /FailedScheduling: come back later/)
  const expected = ['reserve', 'permit', 'unreserve', 'reserve', 'permit', 'preBind', 'postBind']
  t.deepEqual(story.slice(0, expected.length), expected)
  t.regex(await loops.waitForEvent('Pod', 'witnessed', /^Scheduled/), /assigned default\/witnessed to n1/)
})

test.serial('what the scheduler did is told in events of events.k8s.io', async t => {
  await create('told', '10m')
  const { metadata } = await bound('told')
  t.is(metadata.generation, 1)
  await loops.waitForEvent('Pod', 'told', /^Scheduled/)
  const { items } = await loops.client.list(events, {
    namespace: 'default',
    fieldSelector: 'regarding.name=told',
  })
  t.like(items[0], {
    action: 'Binding',
    reason: 'Scheduled',
    note: 'Successfully assigned default/told to n1',
    reportingController: 'default-scheduler',
    regarding: { kind: 'Pod', name: 'told', uid: metadata.uid },
    deprecatedFirstTimestamp: null,
    deprecatedCount: undefined,
  })
  t.regex(items[0].eventTime, /\.\d{6}Z$/)
  t.regex(items[0].reportingInstance, /^default-scheduler-/)
})

test.serial('an important Pod gets the place of a less important one', async t => {
  await loops.api.kubectl('1.33', 'create', 'priorityclass', 'vip', '--value=1000')
  await create('humble', '3')
  await bound('humble')
  await create('important', '3', { priorityClassName: 'vip' })
  await bound('important')
  t.is(
    await loops.waitForEvent('Pod', 'important', /Failed/),
    'FailedScheduling: 0/1 nodes are available: 1 Insufficient cpu.',
  )
  t.regex(
    await loops.waitForEvent('Pod', 'humble', /Preempted/),
    /^Preempted: Preempted by pod .* on node n1$/,
  )
  t.is(loops.informers.informer(pods).get('default/humble'), undefined)
})

test.serial('a Pod that fits nowhere says why, and comes as soon as there is room', async t => {
  await create('waiting', '3', { nodeSelector: { 'kubernetes.io/hostname': 'n2' } })
  const { status } = await loops.waitFor(pods, 'default/waiting', pod => pod.status?.conditions?.length)
  t.like(
    status?.conditions?.find(({ type }) => type === 'PodScheduled'),
    {
      status: 'False',
      reason: 'Unschedulable',
      message:
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    },
  )
  await loops.addNode('n2')
  t.is((await bound('waiting')).spec.nodeName, 'n2')
})

test.serial('a Pod with gates waits for them to open', async t => {
  await create('gated', '10m', { schedulingGates: [{ name: 'example.com/wait' }] })
  await create('ungated', '10m')
  await bound('ungated')
  t.falsy(loops.informers.informer(pods).get('default/gated')?.spec.nodeName)
  await loops.api.kubectl('1.33', 'patch', 'pod', 'gated', '--type=json', '-p', OPEN)
  const isRunning = ({ status }: Pod): boolean => status?.phase === 'Running'
  await loops.waitFor(pods, 'default/gated', isRunning)
  await loops.waitFor(pods, 'default/ungated', isRunning)
  await loops.waitFor(pods, 'default/waiting', isRunning)
})

const OPEN = JSON.stringify([{ op: 'remove', path: '/spec/schedulingGates' }])
