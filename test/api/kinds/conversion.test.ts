import test from 'ava'
import { fromV2, toV2 } from '../../../api/kinds/conversion/autoscaler.ts'
import { fromCoreEvent, toCoreEvent } from '../../../api/kinds/conversion/event.ts'

const autoscaler = (spec: object, status: object = {}, annotations?: object): any => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'x', ...(annotations && { annotations }) },
  spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'x' }, ...spec },
  status: { currentReplicas: 1, desiredReplicas: 2, ...status },
})

const cpu = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
}
const metrics: Record<string, object> = {
  memory: {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
  },
  container: {
    type: 'ContainerResource',
    containerResource: {
      name: 'cpu',
      container: 'c',
      target: { type: 'Utilization', averageUtilization: 5 },
    },
  },
  pods: {
    type: 'Pods',
    pods: {
      metric: { name: 'qps', selector: { matchLabels: { a: 'b' } } },
      target: { type: 'AverageValue', averageValue: '10' },
    },
  },
  object: {
    type: 'Object',
    object: {
      describedObject: { apiVersion: 'v1', kind: 'Service', name: 's' },
      metric: { name: 'hits' },
      target: { type: 'Value', value: '7' },
    },
  },
  'object by average': {
    type: 'Object',
    object: {
      describedObject: { kind: 'Service', name: 's' },
      metric: { name: 'hits' },
      target: { type: 'AverageValue', averageValue: '7' },
    },
  },
  external: {
    type: 'External',
    external: {
      metric: { name: 'queue', selector: { matchLabels: { q: '1' } } },
      target: { type: 'Value', value: '30' },
    },
  },
}

for (const [name, metric] of Object.entries(metrics)) {
  test(`an autoscaler comes back from v1 as it went - ${name}`, t => {
    const object = autoscaler({ metrics: [metric, cpu] })
    t.deepEqual(toV2(fromV2(object)), object)
  })
}

test('an autoscaler comes back from v1 with its behaviour, conditions and current metrics', t => {
  const policies = [{ type: 'Pods', value: 4, periodSeconds: 15 }]
  const object = autoscaler(
    {
      metrics: [cpu],
      behavior: { scaleUp: { selectPolicy: 'Max', policies, stabilizationWindowSeconds: 0 } },
    },
    {
      conditions: [{ type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale' }],
      currentMetrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', current: { averageUtilization: 9, averageValue: '9m' } },
        },
      ],
    },
  )
  t.deepEqual(toV2(fromV2(object)), object)
})

test('v1 says what it can in its fields and the rest in annotations', t => {
  const { spec, metadata, apiVersion } = fromV2(autoscaler({ metrics: [cpu, metrics.memory] }))
  t.is(apiVersion, 'autoscaling/v1')
  t.is(spec.targetCPUUtilizationPercentage, 50)
  t.false('metrics' in spec)
  t.deepEqual(metadata.annotations, {
    'autoscaling.alpha.kubernetes.io/metrics':
      '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}]',
  })
})

test('a v1 autoscaler without a target goes by 80 % of the CPU', t => {
  const { spec } = toV2({ ...autoscaler({}), apiVersion: 'autoscaling/v1' })
  t.deepEqual(spec.metrics, [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
  ])
})

test('annotations that cannot be read are dropped, others stay', t => {
  const annotations = { 'autoscaling.alpha.kubernetes.io/metrics': 'no json', mine: '1' }
  const { metadata } = toV2({ ...autoscaler({}, {}, annotations), apiVersion: 'autoscaling/v1' })
  t.deepEqual(metadata.annotations, { mine: '1' })
})

test('an Event comes back from events.k8s.io as it went', t => {
  const event: any = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'default' },
    involvedObject: { kind: 'Pod', name: 'p' },
    related: { kind: 'Node', name: 'n' },
    reason: 'Started',
    message: 'it runs',
    source: { component: 'kubelet' },
    firstTimestamp: '2025-01-01T00:00:00Z',
    lastTimestamp: '2025-01-01T00:00:01Z',
    count: 2,
    type: 'Normal',
    eventTime: '2025-01-01T00:00:00.000000Z',
    action: 'Starting',
    reportingComponent: 'kubelet',
    reportingInstance: 'node-1',
  }
  const newer = fromCoreEvent(event)
  t.like(newer, { apiVersion: 'events.k8s.io/v1', note: 'it runs', deprecatedCount: 2 })
  t.like(newer, { regarding: { kind: 'Pod' }, reportingController: 'kubelet' })
  t.deepEqual(toCoreEvent(newer), event)
})
