import test from 'ava'
import { deployments, replicaSets } from '../../../api/kinds/apps.ts'
import { horizontalPodAutoscalers } from '../../../api/kinds/autoscaling.ts'
import { jobs } from '../../../api/kinds/batch.ts'
import { humanDuration, since } from '../../../api/kinds/columns/duration.ts'
import { endpoints, events, nodes, resourceQuotas, services } from '../../../api/kinds/core.ts'
import { endpointSlices } from '../../../api/kinds/discovery.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import { compileGetter } from '../../../api/meta/path.ts'

const NOW = new Date('2025-01-01T00:10:00Z')
const CREATED = '2025-01-01T00:00:00Z'

const durations: [seconds: number, text: string][] = [
  [-5, '<invalid>'],
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [123, '2m3s'],
  [599, '9m59s'],
  [600, '10m'],
  [3600 * 3 - 1, '179m'],
  [3600 * 3, '3h'],
  [3600 * 3 + 1200, '3h20m'],
  [3600 * 8, '8h'],
  [3600 * 47, '47h'],
  [86400 * 2, '2d'],
  [86400 * 2 + 3600 * 4, '2d4h'],
  [86400 * 8, '8d'],
  [86400 * 729, '729d'],
  [86400 * 730, '2y'],
  [86400 * 750, '2y20d'],
  [86400 * 365 * 9, '9y'],
]

test('durations are shown as kubectl shows them', t => {
  for (const [seconds, text] of durations) t.is(humanDuration(seconds), text, String(seconds))
  t.is(since(undefined, NOW), '<unknown>')
  t.is(since(CREATED, NOW), '10m')
})

/** The row of an object as text, wide columns after a bar. */
function row(kind: KindDeclaration<any>, object: object): string {
  const whole = { metadata: { name: 'x', creationTimestamp: CREATED }, ...object }
  const cells = (isWide: boolean): string =>
    kind.columns
      .filter(({ priority = 0 }) => priority > 0 === isWide)
      .map(({ value }) => (typeof value === 'string' ? compileGetter(value)(whole) : value(whole, NOW)))
      .join(' ')
  return `${cells(false)} | ${cells(true)}`
}

const template = {
  spec: {
    containers: [
      { name: 'a', image: 'a:1' },
      { name: 'b', image: 'b:1' },
    ],
  },
}
const selector = { matchLabels: { app: 'x' } }

const rows: [string, KindDeclaration<any>, object, string][] = [
  [
    'a node',
    nodes,
    {
      metadata: {
        name: 'n',
        creationTimestamp: CREATED,
        labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '' },
      },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
        nodeInfo: {
          kubeletVersion: 'v1.34.0',
          osImage: 'Debian',
          kernelVersion: '6.1',
          containerRuntimeVersion: 'containerd://1.6',
        },
      },
    },
    'n Ready,SchedulingDisabled control-plane,worker 10m v1.34.0 | 10.0.0.1 <none> Debian 6.1 containerd://1.6',
  ],
  [
    'a service of ports',
    services,
    {
      spec: {
        type: 'NodePort',
        clusterIP: '10.96.0.9',
        ports: [
          { port: 80, nodePort: 30080, protocol: 'TCP' },
          { port: 53, protocol: 'UDP' },
        ],
        selector: { app: 'x' },
      },
    },
    'x NodePort 10.96.0.9 <none> 80:30080/TCP,53/UDP 10m | app=x',
  ],
  [
    'a headless service',
    services,
    { spec: { type: 'ClusterIP', clusterIP: 'None', clusterIPs: ['None'] } },
    'x ClusterIP None <none> <none> 10m | <none>',
  ],
  [
    'a load balancer that waits',
    services,
    { spec: { type: 'LoadBalancer', clusterIP: '10.96.0.9' }, status: { loadBalancer: {} } },
    'x LoadBalancer 10.96.0.9 <pending> <none> 10m | <none>',
  ],
  [
    'an external name',
    services,
    { spec: { type: 'ExternalName', externalName: 'example.com' } },
    'x ExternalName <none> example.com <none> 10m | <none>',
  ],
  [
    'endpoints, more than three',
    endpoints,
    {
      subsets: [{ addresses: ['1', '2', '3', '4'].map(n => ({ ip: `10.0.0.${n}` })), ports: [{ port: 80 }] }],
    },
    'x 10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more... 10m | ',
  ],
  ['no endpoints', endpoints, {}, 'x <none> 10m | '],
  [
    'an endpoint slice',
    endpointSlices,
    { addressType: 'IPv4', ports: [{ port: 80 }, { name: 'x' }], endpoints: [{ addresses: ['10.0.0.1'] }] },
    'x IPv4 80,x 10.0.0.1 10m | ',
  ],
  [
    'an endpoint slice without any',
    endpointSlices,
    { addressType: 'IPv4', endpoints: [] },
    'x IPv4 <unset> <unset> 10m | ',
  ],
  [
    'a deployment',
    deployments,
    {
      spec: { replicas: 3, selector, template },
      status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 2 },
    },
    'x 2/3 3 2 10m | a,b a:1,b:1 app=x',
  ],
  [
    'a replica set',
    replicaSets,
    { spec: { replicas: 3, selector, template }, status: { replicas: 3 } },
    'x 3 3 0 10m | a,b a:1,b:1 app=x',
  ],
  [
    'a job that is done',
    jobs,
    {
      spec: { completions: 2, selector, template },
      status: {
        succeeded: 2,
        conditions: [{ type: 'Complete', status: 'True' }],
        startTime: CREATED,
        completionTime: '2025-01-01T00:00:07Z',
      },
    },
    'x Complete 2/2 7s 10m | a,b a:1,b:1 app=x',
  ],
  [
    'an event',
    events,
    {
      type: 'Normal',
      reason: 'Pulled',
      message: 'done\n',
      involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec.containers{a}' },
      source: { component: 'kubelet', host: 'n1' },
      firstTimestamp: CREATED,
      lastTimestamp: '2025-01-01T00:09:00Z',
      count: 3,
    },
    '60s Normal Pulled pod/p done | spec.containers{a} kubelet, n1 10m 3 x',
  ],
  [
    'an autoscaler',
    horizontalPodAutoscalers,
    {
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'd' },
        maxReplicas: 5,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
          },
        ],
      },
      status: {
        currentReplicas: 2,
        currentMetrics: [{ type: 'Resource', resource: { current: { averageUtilization: 12 } } }],
      },
    },
    'x Deployment/d cpu: 12%/80% <unset> 5 2 10m | ',
  ],
  [
    'a quota',
    resourceQuotas,
    { status: { hard: { pods: '10', 'limits.cpu': '4' }, used: { pods: '2', 'limits.cpu': '1' } } },
    'x pods: 2/10 limits.cpu: 1/4 10m | ',
  ],
]

for (const [title, kind, object, expected] of rows)
  test(`kubectl get shows ${title}`, t => {
    t.is(row(kind, object), expected)
  })
