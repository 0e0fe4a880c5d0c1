import test from 'ava'
import { summarizePod } from '../../../api/kinds/columns/pod.ts'

const NOW = new Date('2025-01-01T00:10:00Z')
const ago = (seconds: number): string => new Date(NOW.getTime() - seconds * 1000).toISOString()

interface Given {
  containers?: number
  init?: { name: string; restartPolicy?: string }[]
  deleted?: boolean
  status: object
}

const summary = ({ containers = 1, init = [], deleted, status }: Given) =>
  summarizePod(
    {
      metadata: { name: 'p', ...(deleted && { deletionTimestamp: ago(1) }) },
      spec: {
        containers: Array.from({ length: containers }, (_, i) => ({ name: `c${i}` })),
        initContainers: init,
      },
      status,
    } as any,
    NOW,
  )

const running = { ready: true, restartCount: 0, state: { running: {} } }
const waiting = (reason: string, restartCount = 0) => ({
  ready: false,
  restartCount,
  state: { waiting: { reason } },
})
const ended = (terminated: object, restartCount = 0) => ({
  ready: false,
  restartCount,
  state: { terminated },
})
const crashed = { lastState: { terminated: { finishedAt: ago(300), exitCode: 1 } } }

const cases: [string, Given, ready: string, status: string, restarts: string][] = [
  ['pending', { status: { phase: 'Pending' } }, '0/1', 'Pending', '0'],
  ['with a reason of its own', { status: { phase: 'Failed', reason: 'Evicted' } }, '0/1', 'Evicted', '0'],
  [
    'gated',
    { status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', reason: 'SchedulingGated' }] } },
    '0/1',
    'SchedulingGated',
    '0',
  ],
  [
    'being created',
    { status: { phase: 'Pending', containerStatuses: [waiting('ContainerCreating')] } },
    '0/1',
    'ContainerCreating',
    '0',
  ],
  [
    'running',
    { containers: 2, status: { phase: 'Running', containerStatuses: [running, running] } },
    '2/2',
    'Running',
    '0',
  ],
  [
    'restarted five minutes ago',
    { status: { phase: 'Running', containerStatuses: [{ ...running, ...crashed, restartCount: 2 }] } },
    '1/1',
    'Running',
    '2 (5m ago)',
  ],
  [
    'in CrashLoopBackOff',
    { status: { phase: 'Running', containerStatuses: [{ ...waiting('CrashLoopBackOff', 3), ...crashed }] } },
    '0/1',
    'CrashLoopBackOff',
    '3 (5m ago)',
  ],
  [
    'completed',
    { status: { phase: 'Succeeded', containerStatuses: [ended({ exitCode: 0, reason: 'Completed' })] } },
    '0/1',
    'Completed',
    '0',
  ],
  [
    'in error',
    { status: { phase: 'Failed', containerStatuses: [ended({ exitCode: 1, reason: 'Error' })] } },
    '0/1',
    'Error',
    '0',
  ],
  [
    'ended by a signal',
    { status: { phase: 'Failed', containerStatuses: [ended({ exitCode: 0, signal: 9 })] } },
    '0/1',
    'Signal:9',
    '0',
  ],
  [
    'ended by an exit code',
    { status: { phase: 'Failed', containerStatuses: [ended({ exitCode: 3 })] } },
    '0/1',
    'ExitCode:3',
    '0',
  ],
  [
    'half completed and ready',
    {
      containers: 2,
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [ended({ exitCode: 0, reason: 'Completed' }), running],
      },
    },
    '1/2',
    'Running',
    '0',
  ],
  [
    'half completed and not ready',
    {
      containers: 2,
      status: { phase: 'Running', containerStatuses: [ended({ exitCode: 0, reason: 'Completed' }), running] },
    },
    '1/2',
    'NotReady',
    '0',
  ],
  [
    'being deleted',
    { deleted: true, status: { phase: 'Running', containerStatuses: [running] } },
    '1/1',
    'Terminating',
    '0',
  ],
  [
    'on a lost node',
    { deleted: true, status: { phase: 'Running', reason: 'NodeLost' } },
    '0/1',
    'Unknown',
    '0',
  ],
  [
    'completed and being deleted',
    {
      deleted: true,
      status: { phase: 'Succeeded', containerStatuses: [ended({ exitCode: 0, reason: 'Completed' })] },
    },
    '0/1',
    'Completed',
    '0',
  ],
  [
    'in its second init container',
    {
      init: [{ name: 'i0' }, { name: 'i1' }],
      status: {
        phase: 'Pending',
        initContainerStatuses: [
          { name: 'i0', ...ended({ exitCode: 0 }) },
          { name: 'i1', ...waiting('PodInitializing') },
        ],
        containerStatuses: [waiting('PodInitializing')],
      },
    },
    '0/1',
    'Init:1/2',
    '0',
  ],
  [
    'with an init container that fails',
    {
      init: [{ name: 'i0' }],
      status: {
        phase: 'Pending',
        initContainerStatuses: [{ name: 'i0', ...waiting('CrashLoopBackOff', 4), ...crashed }],
      },
    },
    '0/1',
    'Init:CrashLoopBackOff',
    '4 (5m ago)',
  ],
  [
    'with an init container that ended badly',
    {
      init: [{ name: 'i0' }],
      status: { phase: 'Failed', initContainerStatuses: [{ name: 'i0', ...ended({ exitCode: 2 }) }] },
    },
    '0/1',
    'Init:ExitCode:2',
    '0',
  ],
  [
    'with a sidecar that runs',
    {
      init: [{ name: 's', restartPolicy: 'Always' }],
      status: {
        phase: 'Running',
        initContainerStatuses: [{ name: 's', ...running, started: true }],
        containerStatuses: [running],
      },
    },
    '2/2',
    'Running',
    '0',
  ],
]

for (const [title, given, ready, status, restarts] of cases)
  test(`kubectl get pods: a Pod ${title} is ${status}`, t => {
    t.deepEqual(summary(given), { ready, status, restarts })
  })
