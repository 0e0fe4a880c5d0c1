import test from 'ava'
import { accepted, filled, prepared, refused } from '../../../helpers/rules.ts'

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const workload = (spec: object = {}) => ({
  metadata: { name: 'w', namespace: 'default' },
  spec: { selector: { matchLabels: { a: 'b' } }, template, ...spec },
})
const withPod = (pod: object, spec: object = {}) =>
  workload({ template: { ...template, spec: { ...template.spec, ...pod } }, ...spec })
const claimed = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }

for (const resource of ['deployments.apps', 'replicasets.apps', 'statefulsets.apps', 'daemonsets.apps']) {
  test(accepted, `a plain one of ${resource}`, resource, workload())
  test(
    refused,
    `a selector of other Pods, ${resource}`,
    resource,
    workload({ selector: { matchLabels: { a: 'c' } } }),
    'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
  )
  test(
    refused,
    `a Pod that is not restarted, ${resource}`,
    resource,
    withPod({ restartPolicy: 'Never' }),
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  )
}

test(
  refused,
  'no selector',
  'deployments.apps',
  workload({ selector: undefined }),
  'spec.selector: Required value',
)
test(
  refused,
  'a selector of everything',
  'deployments.apps',
  workload({ selector: {} }),
  'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
)
test(
  refused,
  'a selector that is none',
  'deployments.apps',
  workload({ selector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } }),
  [
    'spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
    'spec.selector: Invalid value: {"matchExpressions":[{"key":"a","operator":"Is"}]}: invalid label selector',
  ],
)
test(
  refused,
  'another selector',
  'deployments.apps',
  workload({
    selector: { matchLabels: { a: 'b', c: 'd' } },
    template: { ...template, metadata: { labels: { a: 'b', c: 'd' } } },
  }),
  'spec.selector: Invalid value: {"matchLabels":{"a":"b","c":"d"}}: field is immutable',
  { old: workload() },
)
test(
  refused,
  'numbers below zero',
  'deployments.apps',
  workload({ replicas: -1, minReadySeconds: -2, revisionHistoryLimit: -3 }),
  [
    'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    'spec.minReadySeconds: Invalid value: -2: must be greater than or equal to 0',
    'spec.revisionHistoryLimit: Invalid value: -3: must be greater than or equal to 0',
  ],
)
test(
  refused,
  'a rollout that cannot move',
  'deployments.apps',
  workload({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } }),
  'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0',
)
test(
  refused,
  'more than all, and half a percent',
  'deployments.apps',
  workload({ strategy: { rollingUpdate: { maxSurge: '5', maxUnavailable: '101%' } } }),
  [
    "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"5\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
  ],
)
test(
  refused,
  'a rolling update of what is made anew',
  'deployments.apps',
  workload({ strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
  "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
)
test(
  refused,
  'a deadline before Pods count as available',
  'deployments.apps',
  workload({ progressDeadlineSeconds: 5, minReadySeconds: 5 }),
  'spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds',
)
test(
  refused,
  'a deadline of Pods',
  'daemonsets.apps',
  withPod({ activeDeadlineSeconds: 5 }),
  'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported',
)
test(
  refused,
  'both surge and gaps',
  'daemonsets.apps',
  workload({ updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
  'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
)
test(
  refused,
  'another service name',
  'statefulsets.apps',
  workload({ serviceName: 'b' }),
  "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  { old: workload({ serviceName: 'a' }) },
)
test(refused, 'a template that is not sound', 'statefulsets.apps', withPod({ containers: [] }), [
  'spec.template.spec.containers: Required value',
])
test(
  accepted,
  'a mount of what a claim’s template makes, and names that the controller gives',
  'statefulsets.apps',
  withPod(
    {
      hostname: 'NOT_A_NAME',
      subdomain: 'NOT_A_NAME',
      containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/d' }] }],
    },
    { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claimed }] },
  ),
)
test(
  refused,
  'a claim’s template without space, and a service that is no label',
  'statefulsets.apps',
  workload({
    serviceName: 'a.b',
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['X'] } }],
  }),
  [
    'spec.volumeClaimTemplates[0].spec.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
    'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
    'spec.serviceName: Invalid value: "a.b": must not contain dots',
  ],
)
test(accepted, 'a template that was not sound before', 'statefulsets.apps', withPod({ containers: [] }), {
  old: withPod({ containers: [{ name: '' }] }, { replicas: 2 }),
})
test('how many Pods of a StatefulSet may be away at once is not kept', t => {
  const given = workload({ updateStrategy: { rollingUpdate: { maxUnavailable: 2 } } })
  t.deepEqual(prepared('statefulsets.apps', given).spec.updateStrategy.rollingUpdate, { partition: 0 })
})
test(
  refused,
  'an unknown order of Pods',
  'statefulsets.apps',
  workload({ podManagementPolicy: 'Random' }),
  "spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'",
)
test(accepted, 'a replication controller, by the labels of its template', 'replicationcontrollers', {
  metadata: { name: 'w' },
  spec: { template },
})
test(
  refused,
  'a replication controller without template',
  'replicationcontrollers',
  { metadata: { name: 'w' }, spec: { selector: { a: 'b' } } },
  'spec.template: Required value',
)

test('a StatefulSet is filled in, with the templates of its claims', t => {
  const { spec } = filled(
    'statefulsets.apps',
    workload({ volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: {} }] }),
  ) as any
  t.like(spec, {
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  })
  t.like(spec.volumeClaimTemplates[0], { kind: 'PersistentVolumeClaim', spec: { volumeMode: 'Filesystem' } })
})
