import test from 'ava'
import type { Pod } from '../../../../api/kinds/types.ts'
import { type Candidate, isCritical, rankPods } from '../../../../node/kubelet/eviction/rank.ts'
import { isMet, thresholdsOf, thresholdValue } from '../../../../node/kubelet/eviction/thresholds.ts'
import { DEFAULT_SETTINGS } from '../../../../node/kubelet/settings.ts'

const MEBIBYTE = 2 ** 20

const candidate = (name: string, memory: number, request: string | undefined, priority = 0): Candidate => {
  const resources = request === undefined ? {} : { requests: { memory: request } }
  const spec = { priority, containers: [{ name: 'main', resources }] }
  const pod = { metadata: { name }, spec } as unknown as Pod
  return {
    pod,
    memory: memory * MEBIBYTE,
    disk: 0,
    processes: memory,
    usage: { pod, time: 0, containers: [] },
  }
}

const names = (candidates: Candidate[]): string[] => candidates.map(({ pod }) => pod.metadata.name)

test('Pods over their requests go first, then those of less priority, then those furthest over', t => {
  const ranked = rankPods(
    [
      candidate('within', 10, '100Mi'),
      candidate('far-over', 300, '100Mi'),
      candidate('important', 900, undefined, 1_000),
      candidate('over', 200, '100Mi'),
      candidate('within-important', 90, '100Mi', 1_000),
    ],
    'memory.available',
  )
  t.deepEqual(names(ranked), ['far-over', 'over', 'important', 'within', 'within-important'])
})

test('of process ids the Pod with the most goes first', t => {
  const ranked = rankPods([candidate('few', 1, undefined), candidate('many', 9, undefined)], 'pid.available')
  t.deepEqual(names(ranked), ['many', 'few'])
})

test('critical Pods stay', t => {
  t.true(isCritical(candidate('critical', 1, undefined, 2_000_001_000).pod))
  t.false(isCritical(candidate('ordinary', 1, undefined, 1_000_000_000).pod))
})

test('thresholds are quantities or shares of what there is, memory first', t => {
  const thresholds = thresholdsOf(DEFAULT_SETTINGS)
  const of = (signal: string) => thresholds.find(threshold => threshold.signal === signal)!
  t.is(thresholds[0]!.signal, 'memory.available')
  t.is(thresholdValue(of('memory.available'), 0), 100 * MEBIBYTE)
  t.is(thresholdValue(of('nodefs.available'), 1_000), 100)
  t.true(isMet(of('nodefs.available'), { 'nodefs.available': { available: 99, capacity: 1_000 } }))
  t.false(isMet(of('nodefs.available'), { 'nodefs.available': { available: 100, capacity: 1_000 } }))
  t.false(isMet(of('nodefs.available'), {}))
})
