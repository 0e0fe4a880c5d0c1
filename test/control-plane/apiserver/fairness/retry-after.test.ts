import test from 'ava'
import { RetryAfter } from '../../../../control-plane/apiserver/fairness/retry-after.ts'

test('who is refused comes again the later the more are refused, and sooner when fewer are', t => {
  let now = 1_000_000
  const retry = new RetryAfter(() => now)
  const second = (count: number): number => {
    now += 1_000
    let seconds = 0
    for (let i = 0; i < count; i++) seconds = retry.refused('level')
    return seconds
  }
  t.is(second(1), 1)
  t.is(second(10), 1)
  t.is(second(10), 2)
  t.is(second(10), 2)
  t.is(second(10), 4)
  for (let i = 0; i < 40; i++) second(200)
  t.is(second(1), 32)
  now += 100_000
  t.is(second(1), 31)
  t.is(retry.refused('another level'), 1)
})
