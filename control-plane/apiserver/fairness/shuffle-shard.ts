import { createHash } from 'node:crypto'

/** What tells flows apart: the first 64 bits of a hash over schema and distinguisher. */
export function hashFlow(schema: string, distinguisher: string): bigint {
  return createHash('sha256').update(`${schema}\0${distinguisher}`).digest().readBigUInt64LE()
}

/**
 * The queues a flow may use: a hand of so many different cards, dealt from a deck by the flow's hash. Two flows rarely
 * have all their queues in common, so one that floods the server does not fill every queue of another.
 */
export function dealHand(hash: bigint, deckSize: number, handSize: number): number[] {
  const hand: number[] = []
  let rest = hash
  // Each remainder picks among the cards that are left; those taken before it are stepped over.
  const picks: number[] = []
  for (let left = deckSize; picks.length < handSize; left--) {
    picks.push(Number(rest % BigInt(left)))
    rest /= BigInt(left)
  }
  for (const [i, pick] of picks.entries()) {
    let card = pick
    for (let before = i - 1; before >= 0; before--) if (card >= picks[before]!) card++
    hand.push(card)
  }
  return hand
}
