import { once } from 'node:events'
import { duplexPair } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import test from 'ava'
import fc from 'fast-check'
import { dataFrame, readFrames, synStreamFrame } from '../../../../api/streaming/spdy/frames.ts'
import { SpdySession } from '../../../../api/streaming/spdy/session.ts'
import type { SpdyStream } from '../../../../api/streaming/spdy/stream.ts'
import { SEED } from '../../../helpers/seed.ts'

fc.configureGlobal(SEED)

function connect(): { client: SpdySession; server: SpdySession } {
  const [a, b] = duplexPair()
  return { client: new SpdySession(a, 'client'), server: new SpdySession(b, 'server') }
}

async function openPair(headers: Record<string, string>) {
  const { client, server } = connect()
  const accepted = once(server, 'stream')
  const mine = await client.openStream(headers)
  const [theirs] = (await accepted) as [SpdyStream]
  return { client, server, mine, theirs }
}

test('a stream arrives with its headers, names in lower case', async t => {
  const { theirs } = await openPair({ streamType: 'stdin', port: '80' })
  t.deepEqual(theirs.headers, { streamtype: 'stdin', port: '80' })
})

test('many streams keep their headers apart, over one compressed stream of blocks', async t => {
  const { client, server } = connect()
  const ids: string[] = []
  const all = new Promise<void>(resolve => {
    server.on('stream', stream => {
      ids.push(stream.headers.id!)
      if (ids.length === 20) resolve()
    })
  })
  await Promise.all(Array.from({ length: 20 }, (_, id) => client.openStream({ id: String(id) })))
  await all
  t.deepEqual(
    ids,
    Array.from({ length: 20 }, (_, id) => String(id)),
  )
})

test('either side half-closes while the other goes on', async t => {
  const { mine, theirs } = await openPair({})
  mine.end('question')
  t.is(await text(theirs), 'question')
  theirs.end('answer')
  t.is(await text(mine), 'answer')
})

test('megabytes pass whole though they are read slowly', async t => {
  const { mine, theirs } = await openPair({})
  const bytes = Buffer.alloc(5_000_000, 'abcdefg')
  mine.end(bytes)
  t.true(bytes.equals(await buffer(theirs)))
})

test('closing a session ends the streams at both ends', async t => {
  const { client, server, theirs } = await openPair({})
  const closed = once(server, 'close')
  theirs.resume()
  client.close()
  await closed
  await once(theirs, 'close')
  t.true(theirs.destroyed)
})

test('a stream that is destroyed is reset for the peer, and the others go on', async t => {
  const { client, server, mine, theirs } = await openPair({})
  const ended = once(theirs, 'end')
  theirs.resume()
  mine.destroy()
  await ended
  const accepted = once(server, 'stream')
  const next = await client.openStream({})
  const [other] = (await accepted) as [SpdyStream]
  next.end('still here')
  t.is(await text(other), 'still here')
})

test('frames are found however the bytes are cut', t => {
  const bytes = Buffer.concat([
    synStreamFrame(1, Buffer.from('block')),
    dataFrame(1, Buffer.from('data')),
    dataFrame(1, Buffer.alloc(0), true),
  ])
  const whole = readFrames(bytes).frames
  t.deepEqual(
    whole.map(({ type }) => type),
    ['synStream', 'data', 'data'],
  )
  fc.assert(
    fc.property(fc.nat(bytes.length), cut => {
      const first = readFrames(bytes.subarray(0, cut))
      const second = readFrames(Buffer.concat([first.rest, bytes.subarray(cut)]))
      t.deepEqual([...first.frames, ...second.frames], whole)
    }),
  )
})

test('a frame that claims to be huge is refused before it is waited for', t => {
  const head = Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff])
  t.throws(() => readFrames(head), { message: /too long/ })
})
