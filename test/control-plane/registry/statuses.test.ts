import test from 'ava'
import { accepted, faultsOf, refused } from '../../helpers/rules.ts'

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const workload = (status: object): any => ({
  metadata: { name: 'w' },
  spec: { selector: { matchLabels: { a: 'b' } }, template },
  status,
})
const inStatus = (old: object) => ({ old, subresource: 'status' })

test(
  refused,
  'more Pods of a Deployment than there are, and collisions forgotten',
  'deployments.apps',
  workload({ replicas: 1, updatedReplicas: 2, readyReplicas: -1, availableReplicas: 1 }),
  [
    'status.readyReplicas: Invalid value: -1: must be greater than or equal to 0',
    'status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas',
    'status.collisionCount: Invalid value: 0: cannot be decremented',
  ],
  inStatus(workload({ collisionCount: 2 })),
)
test(
  refused,
  'more Pods of a StatefulSet than there are',
  'statefulsets.apps',
  workload({ replicas: 1, currentReplicas: 2, availableReplicas: 1 }),
  [
    'status.currentReplicas: Invalid value: 2: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 1: cannot be greater than status.readyReplicas',
  ],
  inStatus(workload({})),
)
test(
  refused,
  'fewer than no Pods of a DaemonSet',
  'daemonsets.apps',
  workload({ numberReady: -1 }),
  'status.numberReady: Invalid value: -1: must be greater than or equal to 0',
  inStatus(workload({})),
)

const START = '2026-01-01T00:00:00Z'
const END = '2026-01-01T00:01:00Z'
const job = (status: object, spec: object = {}): any => ({
  metadata: { name: 'j', uid: 'u' },
  spec: { template, ...spec },
  status,
})
const conditions = (...types: string[]) => ({
  conditions: types.map(type => ({ type, status: 'True' })),
})
const running = { startTime: START, active: 1 }
const done = {
  startTime: START,
  completionTime: END,
  succeeded: 1,
  ...conditions('SuccessCriteriaMet', 'Complete'),
}

test(accepted, 'a Job that has ended well', 'jobs.batch', job(done), inStatus(job(running)))
test(
  accepted,
  'a Job that has failed',
  'jobs.batch',
  job({ startTime: START, failed: 1, ...conditions('FailureTarget', 'Failed') }),
  inStatus(job(running)),
)
test(
  refused,
  'a Job that has ended with Pods left, never begun',
  'jobs.batch',
  job({
    active: 1,
    terminating: 1,
    ready: 2,
    uncountedTerminatedPods: { failed: ['a', 'a', ''] },
    ...conditions('Complete', 'Failed'),
  }),
  [
    'status.uncountedTerminatedPods.failed[1]: Duplicate value: "a"',
    'status.uncountedTerminatedPods.failed[2]: Invalid value: "": must not be empty',
    'status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions',
    'status.completionTime: Required value: completionTime is required for Complete jobs',
    'status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition',
    'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    'status.active: Invalid value: 1: active>0 is invalid for finished job',
    'status.startTime: Required value: startTime is required for finished job',
    'status.uncountedTerminatedPods: Invalid value: {"Succeeded":null,"Failed":["a","a",""]}: must be empty for finished job',
    'status.terminating: Invalid value: 1: terminating>0 is invalid for finished job',
    'status.ready: Invalid value: 2: cannot set more ready pods than active',
  ],
  inStatus(job({})),
)
test(
  refused,
  'a Job that comes back from its end',
  'jobs.batch',
  job({ startTime: END, completionTime: START }),
  [
    'status.completionTime: Invalid value: "2026-01-01T00:00:00Z": cannot set completionTime when there is no Complete=True condition',
    'status.completionTime: Invalid value: "2026-01-01T00:00:00Z": must be equal to or after `startTime`',
    'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
    'status.succeeded: Invalid value: 0: cannot decrease the succeeded counter',
    'status.completionTime: Invalid value: "2026-01-01T00:00:00Z": field is immutable',
    'status.startTime: Required value: startTime cannot be removed for unsuspended job',
    'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
  ],
  inStatus(job(done)),
)

const indexed = { completionMode: 'Indexed', completions: 5, parallelism: 1, backoffLimitPerIndex: 1 }

test('indexes of a Job are in order, below their number, and of one kind', t => {
  const faultsOfIndexes = (status: object): string[] =>
    faultsOf('jobs.batch', job({ ...running, ...status }, indexed), inStatus(job(running, indexed)))
  t.deepEqual(faultsOfIndexes({ completedIndexes: '0,2-3', failedIndexes: '1,4' }), [])
  const bad: Record<string, string> = {
    '1-2-3': `the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
    a: 'cannot convert string to integer for index: "a"',
    '5': 'too large index: "5"',
    '3-1': 'non-increasing order, previous: 3, current: 1',
    '1,1': 'non-increasing order, previous: 1, current: 1',
  }
  for (const [completedIndexes, fault] of Object.entries(bad)) {
    t.deepEqual(faultsOfIndexes({ completedIndexes }), [
      `status.completedIndexes: Invalid value: ${JSON.stringify(completedIndexes)}: error parsing completedIndexes: ${fault}`,
    ])
  }
  t.deepEqual(faultsOfIndexes({ completedIndexes: '0-2', failedIndexes: '2-3' }), [
    'status.failedIndexes: Invalid value: "2-3": failedIndexes and completedIndexes overlap at index: 2',
  ])
})
test(
  refused,
  'indexes of a Job that has none',
  'jobs.batch',
  job({ completedIndexes: '0', failedIndexes: '1' }),
  [
    'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
    'status.failedIndexes: Invalid value: "1": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
  ],
  inStatus(job({})),
)

const service = (type: string, ingress: object[]): any => ({
  metadata: { name: 's' },
  spec: { type, ports: [{ port: 80 }] },
  status: { loadBalancer: { ingress } },
})
test(
  refused,
  'a load balancer’s address of a Service that has none',
  'services',
  service('ClusterIP', [{ ip: '192.0.2.1' }]),
  "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
  inStatus(service('ClusterIP', [])),
)
test(
  refused,
  'addresses that are none',
  'services',
  service('LoadBalancer', [
    { ip: '192.0.2' },
    { ip: '192.0.2.1', ipMode: 'Some' },
    { hostname: '192.0.2.1', ipMode: 'VIP' },
  ]),
  [
    'status.loadBalancer.ingress[0].ip: Invalid value: "192.0.2": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    'status.loadBalancer.ingress[1].ipMode: Unsupported value: "Some": supported values: "Proxy", "VIP"',
    'status.loadBalancer.ingress[2].ipMode: Forbidden: may not be specified when `ip` is not set',
    'status.loadBalancer.ingress[2].hostname: Invalid value: "192.0.2.1": must be a DNS name, not an IP address',
  ],
  inStatus(service('LoadBalancer', [])),
)
test(
  refused,
  'an Ingress at a name that is none',
  'ingresses.networking.k8s.io',
  { metadata: { name: 'i' }, spec: {}, status: { loadBalancer: { ingress: [{ ip: 'x' }] } } },
  'status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  inStatus({ metadata: { name: 'i' }, spec: {} }),
)

const claim = (status: object): any => ({
  metadata: { name: 'c' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  status,
})
test(
  refused,
  'a claim that grows in unknown ways',
  'persistentvolumeclaims',
  claim({
    capacity: { storage: '-1Gi' },
    allocatedResourceStatuses: { storage: 'Perhaps', cpu: 'NodeResizePending' },
    allocatedResources: { memory: '1' },
  }),
  [
    'status.capacity[storage]: Invalid value: -1073741824: must be a valid resource quantity',
    'status.allocatedResourceStatuses: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
    'status.allocatedResourceStatuses: Unsupported value: "cpu": supported values: "storage"',
    'status.allocatedResources: Unsupported value: "memory": supported values: "storage"',
  ],
  inStatus(claim({})),
)
test(
  refused,
  'a budget with a condition of no reason',
  'poddisruptionbudgets.policy',
  {
    metadata: { name: 'b' },
    spec: {},
    status: {
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: START }],
      currentHealthy: -1,
    },
  },
  [
    'status.conditions[0].reason: Required value',
    'status.currentHealthy: Invalid value: -1: must be greater than or equal to 0',
  ],
  inStatus({ metadata: { name: 'b' }, spec: {} }),
)
test(
  refused,
  'a condition of an APIService that is neither',
  'apiservices.apiregistration.k8s.io',
  {
    metadata: { name: 'v1.a' },
    spec: {},
    status: { conditions: [{ type: 'Available', status: 'Perhaps' }] },
  },
  'status.conditions[0].status: Unsupported value: "Perhaps": supported values: "True", "False", "Unknown"',
  inStatus({ metadata: { name: 'v1.a' }, spec: {} }),
)
test(
  refused,
  'an autoscaler of fewer than none',
  'horizontalpodautoscalers.autoscaling',
  { metadata: { name: 'h' }, spec: {}, status: { currentReplicas: -1 } },
  'status.currentReplicas: Invalid value: -1: must be greater than or equal to 0',
  inStatus({ metadata: { name: 'h' }, spec: {} }),
)
