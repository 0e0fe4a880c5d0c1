import test from 'ava'
import { goDuration } from '../../../api/meta/duration.ts'

test('a duration is read as Go writes it', t => {
  t.is(goDuration('1h0m0s'), 3_600_000)
  t.is(goDuration('1.5s'), 1_500)
  t.is(goDuration('250ms'), 250)
  for (const wrong of ['', '5', '1d', 'h', '-1s', '1h ']) t.is(goDuration(wrong), undefined, wrong)
})
