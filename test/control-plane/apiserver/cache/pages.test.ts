import test from 'ava'
import { Pages } from '../../../../control-plane/apiserver/cache/pages.ts'

const MINUTE = 60_000
const viewOf = (name: string) => ({ name }) as never

test('a view is kept for five minutes, and reading it does not make it last longer', t => {
  let now = 0
  const pages = new Pages(() => now)
  pages.keep(7, viewOf('first'))
  for (; now <= 5 * MINUTE; now += MINUTE) {
    pages.keep(7, viewOf('another'))
    t.deepEqual(pages.get(7), viewOf('first'))
  }
  t.is(pages.get(7), undefined)
  pages.keep(7, viewOf('anew'))
  t.deepEqual(pages.get(7), viewOf('anew'))
})

test('of too many views the one goes that was not read for the longest time', t => {
  const pages = new Pages()
  for (let revision = 1; revision <= 64; revision++) pages.keep(revision, viewOf(`${revision}`))
  pages.keep(1, viewOf('again'))
  pages.keep(65, viewOf('65'))
  t.is(pages.get(2), undefined)
  t.deepEqual([pages.get(1), pages.get(65)], [viewOf('1'), viewOf('65')])
})
