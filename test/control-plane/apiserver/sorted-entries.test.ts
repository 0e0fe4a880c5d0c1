import test from 'ava'
import fc from 'fast-check'
import { Entry } from '../../../control-plane/apiserver/cache/entry.ts'
import { SortedEntries } from '../../../control-plane/apiserver/cache/sorted-entries.ts'
import { SEED } from '../../helpers/seed.ts'

fc.configureGlobal(SEED)

const entry = (key: string, revision: number) => new Entry({ key, revision, bytes: Buffer.from('{}') })
const contents = (entries: Iterable<Entry>) => [...entries].map(({ key, revision }) => [key, revision])

const key = fc.integer({ min: 0, max: 600 }).map(n => `ns/${n}`)
const step = fc.oneof(
  fc.record({ put: key }),
  fc.record({ remove: key }),
  fc.constant({ view: true as const }),
)

test('entries behave as a sorted map, and a view never changes', t => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 800 }), steps => {
      const entries = new SortedEntries()
      const model = new Map<string, number>()
      const sorted = () => [...model].sort(([a], [b]) => (a < b ? -1 : 1))
      const views: { taken: unknown; view: ReturnType<SortedEntries['view']> }[] = []
      steps.forEach((step, i) => {
        if ('put' in step) {
          t.is(entries.set(entry(step.put, i))?.revision, model.get(step.put))
          model.set(step.put, i)
        } else if ('remove' in step) {
          t.is(entries.delete(step.remove)?.revision, model.get(step.remove))
          model.delete(step.remove)
        } else views.push({ taken: sorted(), view: entries.view() })
      })
      t.deepEqual(contents(entries.range('')), sorted())
      t.is(entries.size, model.size)
      for (const { taken, view } of views) t.deepEqual(contents(view.range('')), taken)
    }),
    { numRuns: 60 },
  )
})

test('a range holds what lies between its ends', t => {
  const entries = new SortedEntries(Array.from({ length: 1_000 }, (_, i) => entry(`k${1_000 + i}`, i)))
  t.deepEqual(
    contents(entries.range('k1500', 'k1503')).map(([key]) => key),
    ['k1500', 'k1501', 'k1502'],
  )
  t.is([...entries.range('k19995')].length, 0)
  t.is([...entries.range('', 'k1001')].length, 1)
})
