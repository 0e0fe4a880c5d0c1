import test from 'ava'
import { differences } from './differences.ts'

const answer = (body: unknown, status = 200) => ({ status, body })

test('answers that say the same do not differ, in whatever order and with whatever names were made up', t => {
  const one = { metadata: { uid: 'a', name: 'kube-api-access-bcdfg' }, spec: { a: 1, b: [2] } }
  const other = { spec: { b: [2], a: 1 }, metadata: { name: 'kube-api-access-w2z5x', uid: 'b' } }
  t.deepEqual(differences(answer(one), answer(other)), [])
})

test('what differs is told by its path: codes, values, what is there on one side alone, null and empty', t => {
  const one = { a: { b: 1 }, c: [null], d: {}, uid: 'x' }
  const other = { a: { b: '1' }, c: [], d: null }
  t.deepEqual(differences(answer(one, 201), answer(other)), [
    'status: 201 · 200',
    '.a.b: 1 · "1"',
    '.c.0: null · nothing',
    '.d: {} · null',
    '.uid: some · nothing',
    '.c: nothing · []',
  ])
})
