import { once } from 'node:events'
import { Duplex } from 'node:stream'
import test from 'ava'
import { joinStreams } from '../../../api/streaming/upgrade.ts'

/** As a socket: what ends at one side ends at both. */
function socket(onWrite: (chunk: Buffer, done: () => void) => void = (_, done) => done()): Duplex {
  return new Duplex({
    allowHalfOpen: false,
    read() {},
    write: (chunk, _, done) => onWrite(chunk, done),
  })
}

// kubectl cp lost the end of a file: the connection was destroyed with bytes still in its buffer.
test('all that was said before an end arrives, also where it is taken slowly', async t => {
  const taken: string[] = []
  const fast = socket()
  const slow = socket((chunk, done) => {
    taken.push(String(chunk))
    setImmediate(done)
  })
  const over = joinStreams(fast, slow)
  for (const word of ['one', 'two', 'three']) fast.push(word)
  fast.push(null)
  await Promise.all([over, once(slow, 'close')])
  t.deepEqual(taken, ['one', 'two', 'three'])
})

test('an end that breaks breaks the other', async t => {
  const [one, other] = [socket(), socket()]
  const over = joinStreams(one, other)
  const closed = once(other, 'close')
  one.destroy(new Error('reset by peer'))
  await Promise.all([over, closed])
  t.true(other.destroyed)
})
