import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { hostLocal } from '../../cni/plugins/host-local.ts'
import { runPlugin } from '../../cni/skel.ts'

let dataDir: string

test.beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'skiff-ipam-'))
})

test.afterEach.always(() => rm(dataDir, { recursive: true, force: true }))

const call = async (command: string, id: string, more: object = {}, subnet = '10.1.2.0/24') => {
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: id,
    CNI_NETNS: '/x',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/',
  }
  const stdin = JSON.stringify({
    cniVersion: '1.1.0',
    name: 'net',
    type: 'x',
    ipam: { type: 'skiff-host-local', subnet, dataDir },
    ...more,
  })
  const { stdout, exitCode } = await runPlugin(hostLocal, { env, stdin })
  return { exitCode, answer: stdout === '' ? undefined : JSON.parse(stdout) }
}

const held = async (): Promise<string[]> =>
  (await readdir(join(dataDir, 'net'))).filter(name => /^[\d.]+$/.test(name))

test.serial('each attachment gets an address of its own, and the same one again', async t => {
  const first = (await call('ADD', 'a')).answer.ips[0]
  t.like(first, { address: '10.1.2.2/24', gateway: '10.1.2.1' })
  t.is((await call('ADD', 'b')).answer.ips[0].address, '10.1.2.3/24')
  t.is((await call('ADD', 'a')).answer.ips[0].address, '10.1.2.2/24')
})

test.serial('thirty at the same time get thirty addresses', async t => {
  const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => call('ADD', `c${i}`)))
  t.is(new Set(answers.map(({ answer }) => answer.ips[0].address)).size, 30)
})

test.serial('an address comes back by DEL, twice is no harm, and is not given again at once', async t => {
  await call('ADD', 'a')
  t.is((await call('DEL', 'a')).exitCode, 0)
  t.is((await call('DEL', 'a')).exitCode, 0)
  t.deepEqual(await held(), [])
  t.is((await call('ADD', 'b')).answer.ips[0].address, '10.1.2.3/24')
})

test.serial('a full range is told with the code to try again', async t => {
  for (const id of ['a', 'b', 'c', 'd', 'e']) t.is((await call('ADD', id, {}, '10.1.2.0/29')).exitCode, 0)
  const { exitCode, answer } = await call('ADD', 'f', {}, '10.1.2.0/29')
  t.is(exitCode, 1)
  t.like(answer, { code: 11, msg: 'no address is left in 10.1.2.0/29' })
})

test.serial('GC gives back what no valid attachment holds, and what a crash left empty', async t => {
  await call('ADD', 'a')
  await call('ADD', 'b')
  await writeFile(join(dataDir, 'net', '10.1.2.77'), '')
  await call('GC', '', { 'cni.dev/valid-attachments': [{ containerID: 'b', ifname: 'eth0' }] })
  t.deepEqual(await held(), ['10.1.2.3'])
})

// A crash between making an address's file and filling it left an address that nobody holds and nobody gives back.
test.serial('at no moment is an address held by nobody', async t => {
  const watcher = new Worker(new URL('../fixtures/empty-file-watcher.ts', import.meta.url), {
    workerData: join(dataDir, 'net'),
  })
  await once(watcher, 'message')
  for (let i = 0; i < 150; i++) await call('ADD', `c${i}`)
  watcher.postMessage('stop')
  const [seen] = await once(watcher, 'message')
  await watcher.terminate()
  t.true(seen.looks > 100)
  t.is(seen.empty, 0)
})

test.serial(
  "what a crash left before its address appeared is nobody's address, and goes in time",
  async t => {
    await call('ADD', 'a')
    const left = join(dataDir, 'net', '.new-1')
    await writeFile(left, 'b\neth0')
    const valid = { 'cni.dev/valid-attachments': [{ containerID: 'a', ifname: 'eth0' }] }
    await call('GC', '', valid)
    t.true(existsSync(left))
    await utimes(left, 0, 0)
    await call('GC', '', valid)
    t.false(existsSync(left))
    t.deepEqual(await held(), ['10.1.2.2'])
  },
)

test.serial('a call without its variables is refused by the name of the variable', async t => {
  const { stdout } = await runPlugin(hostLocal, {
    env: { CNI_COMMAND: 'ADD' },
    stdin: '{"cniVersion":"1.0.0","name":"n"}',
  })
  t.like(JSON.parse(stdout), { code: 4, msg: 'CNI_CONTAINERID is not set, ADD needs it' })
})
