import test from 'ava'
import { dealHand, hashFlow } from '../../../../control-plane/apiserver/fairness/shuffle-shard.ts'

test('a hand is so many different queues, always the same for a flow', t => {
  for (let flow = 0; flow < 500; flow++) {
    const hash = hashFlow('schema', `user-${flow}`)
    const hand = dealHand(hash, 16, 4)
    t.is(new Set(hand).size, 4)
    t.true(hand.every(queue => queue >= 0 && queue < 16))
    t.deepEqual(dealHand(hash, 16, 4), hand)
  }
})

test('every hand is dealt, and none much more often than others', t => {
  const counts = new Map<string, number>()
  const hands = 5 * 4 * 3
  for (let value = 0; value < hands * 10; value++) {
    const hand = dealHand(BigInt(value), 5, 3).join(' ')
    counts.set(hand, (counts.get(hand) ?? 0) + 1)
  }
  t.is(counts.size, hands)
  t.true([...counts.values()].every(count => count === 10))
})

test('flows are told apart by schema and distinguisher', t => {
  t.not(hashFlow('a', 'bc'), hashFlow('ab', 'c'))
  t.is(hashFlow('a', 'b'), hashFlow('a', 'b'))
})
