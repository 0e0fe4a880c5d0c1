import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { RotatingFile, type Rotation } from '../../../../control-plane/apiserver/audit/rotating-file.ts'

const MEGABYTE = 1 << 20
const line = (letter: string): string => `${letter.repeat(MEGABYTE / 2 - 1)}\n`

async function directory(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-audit-'))
  t.teardown(() => rm(dir, { recursive: true }))
  return dir
}

function open(t: ExecutionContext, path: string, rotation: Partial<Rotation> = {}): Promise<RotatingFile> {
  const all = { maxSize: 1, maxAge: 0, maxBackups: 0, isCompressed: false, ...rotation }
  return RotatingFile.open(path, all, error => t.fail(error.message))
}

/** The older files, the earliest first. */
const backups = async (dir: string): Promise<string[]> =>
  (await readdir(dir)).filter(name => name.startsWith('audit-')).toSorted()

/** So that no two files are of the same time. */
const tick = () => new Promise(resolve => setTimeout(resolve, 3))

test('a file that is full is renamed after the time, and no line is lost or torn', async t => {
  const dir = await directory(t)
  const path = join(dir, 'logs', 'audit.log')
  const file = await open(t, path)
  file.write(['a', 'b'].map(line))
  file.write([line('c')])
  await tick()
  file.write(['d', 'e'].map(line))
  await file.close()
  const names = await backups(join(dir, 'logs'))
  t.is(names.length, 2)
  for (const name of names) t.regex(name, /^audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log$/)
  const texts = await Promise.all(
    [...names, 'audit.log'].map(name => readFile(join(dir, 'logs', name), 'utf8')),
  )
  const letters = texts.map(text =>
    text
      .trim()
      .split('\n')
      .map(each => each[0]),
  )
  t.deepEqual(letters, [['a', 'b'], ['c', 'd'], ['e']])
})

test('a file that is there is appended to, and counts', async t => {
  const dir = await directory(t)
  const path = join(dir, 'audit.log')
  await writeFile(path, line('a') + line('b'))
  const file = await open(t, path)
  file.write([line('c')])
  await file.close()
  t.is((await backups(dir)).length, 1)
  t.is(await readFile(path, 'utf8'), line('c'))
})

test('so many older files are kept, and compressed', async t => {
  const dir = await directory(t)
  const file = await open(t, join(dir, 'audit.log'), { maxBackups: 2, isCompressed: true })
  for (const letter of 'abcd') {
    file.write([line(letter), line(letter)])
    await tick()
  }
  file.write([line('e')])
  await file.close()
  const names = await backups(dir)
  t.is(names.length, 2)
  const letters = await Promise.all(
    names.map(async name => gunzipSync(await readFile(join(dir, name))).toString()[0]),
  )
  t.deepEqual(letters, ['c', 'd'])
})

test('older files go with age, others stay', async t => {
  const dir = await directory(t)
  const others = ['audit-notes.log', 'audit-2020-01-01T00-00-00.000.txt', 'other-2020-01-01T00-00-00.000.log']
  const old = ['audit-2020-01-01T00-00-00.000.log', 'audit-2020-01-02T00-00-00.000.log.gz']
  for (const name of [...others, ...old]) await writeFile(join(dir, name), '')
  const file = await open(t, join(dir, 'audit.log'), { maxAge: 1 })
  file.write(['a', 'b', 'c'].map(line))
  await file.close()
  const names = await readdir(dir)
  for (const name of others) t.true(names.includes(name), name)
  for (const name of old) t.false(names.includes(name), name)
  t.is(names.length, others.length + 2)
})
