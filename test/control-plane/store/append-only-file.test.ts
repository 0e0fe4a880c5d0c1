import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { mendAppendOnlyFile, wholeLength } from '../../../control-plane/store/append-only-file.ts'
import { openStore } from '../../../control-plane/store/redis-store.ts'
import { quietLog } from '../../helpers/log.ts'
import { startRedis } from '../../helpers/redis.ts'
import { dataOf, storeDocument } from '../../helpers/store-load.ts'

const command = (...parts: string[]) =>
  `*${parts.length}\r\n${parts.map(part => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`

const transaction = (n: number) =>
  [
    command('MULTI'),
    command('INCR', 'rev'),
    command('HSET', 'obj', 'ü', '*1\\r\\n$5\\r\\nMULTI'.repeat(n)),
    command('EXEC'),
  ].join('')

/** The file that a start would read after `bytes` were written to it. */
async function mended(bytes: Buffer, ...older: Buffer[]): Promise<Buffer[]> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-aof-'))
  try {
    const name = (n: number) => join(dir, 'appendonlydir', `appendonly.aof.${n}.incr.aof`)
    await mkdir(join(dir, 'appendonlydir'))
    const all = [...older, bytes]
    // The tenth comes after the ninth.
    for (const [index, each] of all.entries()) await writeFile(name(9 + index), each)
    await mendAppendOnlyFile(dir)
    return await Promise.all(all.map((_, index) => readFile(name(9 + index))))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

test('of a file that was cut off at any byte the last whole transaction or command is the end', t => {
  const pieces = [
    command('SELECT', '0'),
    transaction(1),
    command('SET', 'rev', '2'),
    transaction(3),
    command('DEL', 'x'),
  ]
  const whole = Buffer.from(pieces.join(''))
  const ends = pieces.map((_, index) => Buffer.byteLength(pieces.slice(0, index + 1).join('')))
  for (let length = 0; length <= whole.length; length++) {
    const expected = ends.findLast(end => end <= length) ?? 0
    t.is(wholeLength(whole.subarray(0, length)), expected, `cut at ${length}`)
  }
})

test('a large file is searched from its end, and one without transactions from its start', async t => {
  const large = Buffer.from(transaction(100_000) + transaction(100_000))
  const size = async (bytes: Buffer) => (await mended(bytes))[0]!.length
  t.is(await size(large), large.length)
  t.is(await size(large.subarray(0, -20)), large.length / 2)
  const single = Buffer.from(command('SET', 'a', 'x'.repeat(1_500_000)))
  t.is(await size(Buffer.concat([single, single.subarray(0, 1_200_000)])), single.length)
})

test('what is no command is left to Redis, and of several files the last one is mended', async t => {
  for (const broken of ['\0'.repeat(100), '*x\r\n', 'hello'])
    t.deepEqual(await mended(Buffer.from(transaction(1) + broken)), [Buffer.from(transaction(1) + broken)])
  const cut = Buffer.from(transaction(1)).subarray(0, 40)
  t.deepEqual(await mended(cut, cut), [cut, Buffer.alloc(0)])
  await t.notThrowsAsync(mendAppendOnlyFile('/nowhere'))
})

test('of a write that a crash cut short nothing comes back at the second start', async t => {
  const redis = await startRedis()
  const store = await openStore({ url: redis.url, log: quietLog })
  const seen: number[] = []
  store.subscribe('pods', 1, {
    changes: batch => seen.push(...batch.map(({ revision }) => revision)),
    lost: () => t.fail('it does not begin anew'),
  })
  t.teardown(async () => {
    await store.close()
    await redis.remove()
  })
  const file = async () => {
    const folder = join(redis.dir, 'appendonlydir')
    return join(folder, (await readdir(folder)).find(name => name.includes('incr'))!)
  }
  const restart = async () => {
    await redis.kill()
    redis.start()
  }
  for (const [round, cut] of [900, 700, 300, 20, 5].entries()) {
    const revision = await store.revision('pods')
    await store.put('pods', 'kept', revision === 1 ? 0 : revision, storeDocument(round))
    // The beginning of another write, as its last bytes would be missing.
    const before = await readFile(await file())
    const write = before.subarray(before.lastIndexOf('*1\r\n$5\r\nMULTI'))
    const phantom = Buffer.from(write.toString().replaceAll('kept', 'lost'))
    await redis.kill()
    await writeFile(await file(), Buffer.concat([before, phantom.subarray(0, -cut)]))
    redis.start()
    await store.put('pods', 'kept', revision + 1, storeDocument(`again ${round}`))
    await restart()
    t.is(await store.revision('pods'), revision + 2)
    const { documents } = await store.snapshot('pods')
    t.deepEqual(
      documents.map(({ key, bytes }) => [key, dataOf(bytes)]),
      [['kept', `again ${round}`]],
    )
  }
  const last = await store.revision('pods')
  while (seen.at(-1)! < last) await new Promise(resolve => setTimeout(resolve, 5))
  t.deepEqual(
    seen,
    Array.from({ length: last - 1 }, (_, index) => index + 2),
  )
})
