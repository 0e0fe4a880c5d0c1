import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { type LogOptions, readLog } from '../../../node/kubelet/server/log-reader.ts'

let dir: string
let path: string

test.beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-log-'))
  path = join(dir, '0.log')
})

test.afterEach.always(() => rm(dir, { recursive: true, force: true }))

const line = (text: string, flag = 'F', second = 0): string =>
  `2026-01-01T00:00:${String(second).padStart(2, '0')}.5Z stdout ${flag} ${text}\n`
const all: LogOptions = { follow: false, timestamps: false }

const read = async (options: Partial<LogOptions> = {}): Promise<string> => {
  let text = ''
  for await (const part of readLog(
    path,
    { ...all, ...options },
    async () => true,
    new AbortController().signal,
  ))
    text += part
  return text
}

test.serial('the text is given without CRI’s decoration', async t => {
  await writeFile(path, line('one') + line('two'))
  t.is(await read(), 'one\ntwo\n')
})

test.serial('parts of a long line are joined', async t => {
  await writeFile(path, line('on', 'P') + line('e') + line('two'))
  t.is(await read(), 'one\ntwo\n')
})

test.serial('tail gives the last lines', async t => {
  await writeFile(path, line('one') + line('two') + line('three'))
  t.is(await read({ tailLines: 2 }), 'two\nthree\n')
  t.is(await read({ tailLines: 0 }), '')
  t.is(await read({ tailLines: 9 }), 'one\ntwo\nthree\n')
})

test.serial('since, timestamps and a limit of bytes hold', async t => {
  await writeFile(path, line('one', 'F', 1) + line('two', 'F', 9))
  t.is(await read({ since: Date.parse('2026-01-01T00:00:05Z') }), 'two\n')
  t.is(await read({ timestamps: true, tailLines: 1 }), '2026-01-01T00:00:09.5Z two\n')
  t.is(await read({ limitBytes: 5 }), 'one\nt')
})

test.serial('a log that is followed goes on over rotation and ends with its container', async t => {
  await writeFile(path, line('one'))
  let isOver = false
  const seen: string[] = []
  const lines = readLog(path, { ...all, follow: true }, async () => isOver, new AbortController().signal)
  for await (const part of lines) {
    seen.push(part.toString())
    if (seen.length === 1) await appendFile(path, line('two'))
    if (seen.length === 2) {
      await rename(path, `${path}.1`)
      await writeFile(path, line('three'))
    }
    if (seen.length === 3) isOver = true
  }
  t.deepEqual(seen, ['one\n', 'two\n', 'three\n'])
})
