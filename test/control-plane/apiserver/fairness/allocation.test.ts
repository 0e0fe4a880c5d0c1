import test from 'ava'
import fc from 'fast-check'
import { allocate } from '../../../../control-plane/apiserver/fairness/allocation.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

const close = (a: number, b: number): boolean => Math.abs(a - b) < 1e-4 * Math.max(1, Math.abs(a))

test('a total is divided by targets where no bound matters', t => {
  const claims = [
    { target: 10, least: 0, most: 100 },
    { target: 30, least: 0, most: 100 },
  ]
  t.deepEqual(allocate(80, claims), { shares: [20, 60], fraction: 2 })
})

test('who is held by a bound leaves the rest to the others', t => {
  const claims = [
    { target: 10, least: 0, most: 12 },
    { target: 10, least: 0, most: 100 },
    { target: 40, least: 40, most: 100 },
  ]
  const { shares, fraction } = allocate(60, claims)
  t.deepEqual(shares.map(Math.round), [10, 10, 40])
  t.true(close(fraction, 1))
  t.deepEqual(allocate(100, claims).shares.map(Math.round), [12, 18, 70])
})

test('bounds that leave no solution are told', t => {
  t.throws(() => allocate(1, [{ target: 2, least: 2, most: 3 }]), { message: /least shares/ })
  t.throws(() => allocate(9, [{ target: 2, least: 2, most: 3 }]), { message: /largest shares/ })
})

test('whatever the claims: shares add up, are within bounds, and are the same part of the target otherwise', t => {
  const claim = fc
    .record({ least: fc.nat(50), above: fc.nat(50), room: fc.nat(200) })
    .map(({ least, above, room }) => ({ least, target: least + above, most: least + room }))
  fc.assert(
    fc.property(
      fc.array(claim, { minLength: 1, maxLength: 8 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (claims, at) => {
        const low = claims.reduce((sum, { least }) => sum + least, 0)
        const high = claims.reduce((sum, { most }) => sum + most, 0)
        const total = low + Math.round((high - low) * at)
        const { shares, fraction } = allocate(total, claims)
        const isRight = (share: number, i: number) => {
          const { least, most, target } = claims[i]!
          if (share < least - 1e-9 || share > most + 1e-9) return false
          const due = Math.max(target, 0.001) * fraction
          return (
            close(share, due) ||
            (close(share, least) && due <= least + 1e-4) ||
            (close(share, most) && due >= most - 1e-4)
          )
        }
        return (
          close(
            shares.reduce((sum, share) => sum + share, 0),
            total,
          ) && shares.every(isRight)
        )
      },
    ),
  )
  t.pass()
})
