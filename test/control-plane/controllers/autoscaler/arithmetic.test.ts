import test from 'ava'
import type { Pod } from '../../../../api/kinds/types.ts'
import {
  type Behavior,
  limit,
  type Past,
  stabilize,
} from '../../../../control-plane/controllers/autoscaler/behavior.ts'
import {
  proposeByPods,
  proposeByShare,
  proposeByValue,
} from '../../../../control-plane/controllers/autoscaler/replicas.ts'

const NOW = Date.parse('2025-01-01T01:00:00Z')

const pod = (name: string, ready = true): Pod =>
  ({
    metadata: { name },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '100m' } } }] },
    status: {
      phase: 'Running',
      startTime: '2025-01-01T00:00:00Z',
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2025-01-01T00:00:05Z' },
      ],
    },
  }) as never
const samples = (...values: (number | undefined)[]) =>
  new Map(
    values.flatMap((value, i) =>
      value === undefined ? [] : [[`p${i}`, { value, at: NOW, window: 30_000 }] as const],
    ),
  )
const half = { resource: 'cpu', target: { utilization: 50 } }

const CASES: [usage: (number | undefined)[], replicas: number][] = [
  [[50, 50, 50], 3],
  [[54, 54, 54], 3],
  [[100, 100, 100], 6],
  [[10, 20], 1],
  [[80, 80, undefined], 3],
  [[90, 90, undefined], 4],
  [[20, 20, undefined], 3],
  [[5, 5, undefined, 5], 3],
]

for (const [usage, replicas] of CASES) {
  test(`Pods for half of what is requested, at ${usage.map(value => value ?? 'unknown').join(', ')}`, t => {
    const pods = usage.map((_, i) => pod(`p${i}`))
    t.is(proposeByPods(usage.length, pods, samples(...usage), half, NOW).replicas, replicas)
  })
}

test('a Pod that is not ready does not call for more', t => {
  const pods = [pod('p0'), pod('p1', false)]
  t.is(proposeByPods(2, pods, samples(90, 90), half, NOW).replicas, 2)
})

test('the utilization is told as it is', t => {
  const { utilization, average } = proposeByPods(2, [pod('p0'), pod('p1')], samples(30, 50), half, NOW)
  t.deepEqual([utilization, average], [40, 40])
})

test('a container that requests nothing cannot be measured by a share of it', t => {
  const silent = pod('p0')
  silent.spec.containers[0]!.resources = {}
  t.throws(() => proposeByPods(1, [silent], samples(5), half, NOW), {
    message: 'missing request for cpu in container c of Pod p0',
  })
})

test('a shared value is brought to its target, or shared out', t => {
  t.is(proposeByValue(2, 2, 300, 100).replicas, 6)
  t.is(proposeByValue(2, 2, 105, 100).replicas, 2)
  t.is(proposeByShare(2, 1000, 300).replicas, 4)
})

const past = (
  recommendations: [ago: number, replicas: number][],
  changes: [ago: number, by: number][] = [],
): Past => ({
  recommendations: recommendations.map(([ago, replicas]) => ({ at: NOW - ago * 1000, replicas })),
  changes: changes.map(([ago, by]) => ({ at: NOW - ago * 1000, by })),
})
const bounds = { min: 1, max: 100 }

test('fewer are wanted only when that has been so for five minutes', t => {
  t.deepEqual(stabilize({}, past([[60, 8]]), 10, 4, NOW), { replicas: 8, isHeld: true })
  t.deepEqual(stabilize({}, past([[301, 8]]), 10, 4, NOW), { replicas: 4, isHeld: false })
  t.deepEqual(stabilize({}, past([]), 4, 10, NOW), { replicas: 10, isHeld: false })
  const slow: Behavior = { scaleUp: { stabilizationWindowSeconds: 60 } }
  t.is(stabilize(slow, past([[30, 5]]), 4, 10, NOW).replicas, 5)
})

test('a size grows at most to its double, or by four, in a period', t => {
  t.deepEqual(limit({}, past([]), 10, 50, bounds, NOW).replicas, 20)
  t.is(limit({}, past([]), 2, 50, bounds, NOW).replicas, 6)
  t.is(limit({}, past([], [[5, 10]]), 20, 50, bounds, NOW).replicas, 20)
  t.is(limit({}, past([], [[20, 10]]), 20, 50, bounds, NOW).replicas, 40)
})

test('policies and bounds say how far it goes, and which of them held', t => {
  const one: Behavior = { scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] } }
  t.like(limit(one, past([]), 10, 2, bounds, NOW), { replicas: 9, limit: { reason: 'ScaleDownLimit' } })
  t.like(limit({}, past([]), 10, 0, { min: 3, max: 9 }, NOW), {
    replicas: 3,
    limit: { reason: 'TooFewReplicas' },
  })
  t.like(limit({}, past([]), 8, 20, { min: 3, max: 9 }, NOW), {
    replicas: 9,
    limit: { reason: 'TooManyReplicas' },
  })
  const never: Behavior = { scaleDown: { selectPolicy: 'Disabled' } }
  t.is(limit(never, past([]), 10, 2, bounds, NOW).replicas, 10)
})
