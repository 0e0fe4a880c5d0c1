import { execFile } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { Redis } from 'ioredis'
import { openStore } from '../../../control-plane/store/redis-store.ts'
import { type Answer, startTestApiServer, type TestApiServer } from '../../helpers/api-server.ts'
import { quietLog } from '../../helpers/log.ts'
import { startRedis } from '../../helpers/redis.ts'
import { StoreLoad, storeDocument } from '../../helpers/store-load.ts'

const run = promisify(execFile)
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const configMap = (name: string, data?: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...(data && { data }),
})

interface Lab {
  api: TestApiServer
  control: Redis
  write(name: string): Promise<Answer>
}

async function start(t: ExecutionContext): Promise<Lab> {
  t.timeout(600_000)
  const api = await startTestApiServer()
  const control = new Redis({ path: api.redis.url.replace('unix://', '') })
  control.on('error', () => {})
  t.teardown(async () => {
    api.redis.signal('SIGCONT')
    control.disconnect()
    await api.stop()
  })
  const write = (name: string) => api.raw(CONFIG_MAPS, { body: configMap(name) })
  t.is((await write('first')).status, 201)
  return { api, control, write }
}

function isTurnedAway(t: ExecutionContext, answer: Answer, message?: RegExp): void {
  t.is(answer.status, 503, answer.text)
  t.is(answer.headers['retry-after'], '1')
  t.is(answer.body.reason, 'ServiceUnavailable')
  if (message) t.regex(answer.body.message, message)
}

async function recovers(t: ExecutionContext, { api, write }: Lab, name: string): Promise<void> {
  for (const end = Date.now() + 120_000; ; ) {
    const { status } = await write(name)
    if (status === 201 || status === 409) break
    if (Date.now() > end) throw new Error(`it still answers ${status}`)
  }
  t.is((await api.raw(`${CONFIG_MAPS}/${name}`)).status, 200)
  t.is((await api.raw('/readyz')).status, 200)
}

test.serial(
  'a Redis that stands still holds no request for ever, and what was asked meanwhile is answered',
  async t => {
    const lab = await start(t)
    const { api, write } = lab
    api.redis.signal('SIGSTOP')
    const pending = [
      ...Array.from({ length: 8 }, (_, i) => write(`stopped-${i}`)),
      api.raw(CONFIG_MAPS),
      api.raw('/readyz'),
    ]
    const answers = await Promise.all(pending)
    for (const answer of answers.slice(0, 9)) isTurnedAway(t, answer)
    t.is(answers[9]!.status, 500)
    const late = write('late')
    api.redis.signal('SIGCONT')
    t.is((await late).status, 201)
    await recovers(t, lab, 'after')
  },
)

test.serial(
  'a Redis that runs a script without end is waited for, then requests are turned away',
  async t => {
    const lab = await start(t)
    await lab.control.config('SET', 'busy-reply-threshold', '100')
    const endless = new Redis({ path: lab.api.redis.url.replace('unix://', '') })
    t.teardown(() => endless.disconnect())
    await endless.ping()
    const running = endless.eval('while true do end', 0).catch((error: Error) => error)
    isTurnedAway(t, await lab.write('busy'), /BUSY|no connection|Socket timeout/)
    const late = lab.write('late')
    await lab.control.script('KILL')
    t.is((await late).status, 201)
    t.regex(String(await running), /Script killed/)
    await recovers(t, lab, 'after')
  },
)

test.serial('without memory nothing is written but deletions, and nothing is half done', async t => {
  const lab = await start(t)
  const { api, control, write } = lab
  await control.config('SET', 'maxmemory', '1')
  isTurnedAway(t, await write('large'), /OOM command not allowed/)
  t.is((await api.raw(`${CONFIG_MAPS}/first`)).status, 200)
  t.is((await api.raw(`${CONFIG_MAPS}/large`)).status, 404)
  t.is((await api.raw(`${CONFIG_MAPS}/first`, { method: 'DELETE' })).status, 200)
  t.is((await api.raw(`${CONFIG_MAPS}/first`)).status, 404)
  await control.config('SET', 'maxmemory', '0')
  await recovers(t, lab, 'after')
})

test.serial('a Redis that became a replica takes no writes; when it is a master again it does', async t => {
  const lab = await start(t)
  const warnings: string[] = []
  const warned = (warning: Error) => warnings.push(`${warning.name}: ${warning.message}`)
  process.on('warning', warned)
  t.teardown(() => process.off('warning', warned))
  await lab.control.call('REPLICAOF', '127.0.0.1', '1')
  const answers = await Promise.all(Array.from({ length: 32 }, (_, i) => lab.write(`readonly-${i}`)))
  for (const answer of answers) isTurnedAway(t, answer)
  const late = lab.write('late')
  await lab.control.call('REPLICAOF', 'NO', 'ONE')
  t.is((await late).status, 201)
  await recovers(t, lab, 'after')
  t.deepEqual(warnings, [])
})

test.serial(
  'a Redis that loads its data is waited for, then requests are turned away until it has',
  async t => {
    const lab = await start(t)
    const { api, control, write } = lab
    await control.call('BGREWRITEAOF')
    while (/aof_rewrite_(in_progress|scheduled):1/.test(await control.info('persistence'))) {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    await api.redis.kill()
    const config = join(api.redis.dir, 'redis.conf')
    // A second for each key: it loads for half a minute.
    await appendFile(config, 'key-load-delay 1000000\nloading-process-events-interval-bytes 1024\n')
    api.redis.start()
    isTurnedAway(t, await write('loading'))
    await api.redis.kill()
    await appendFile(config, 'key-load-delay 0\n')
    api.redis.start()
    await recovers(t, lab, 'after')
    t.is((await api.raw(`${CONFIG_MAPS}/first`)).status, 200)
  },
)

test.serial(
  'a Redis that cannot save refuses writes (MISCONF), and requests are turned away at once',
  async t => {
    const lab = await start(t)
    const { control, api } = lab
    await control.config('SET', 'save', '3600 1')
    // A snapshot cannot take the place of a directory.
    await mkdir(join(api.redis.dir, 'dump.rdb', 'in-the-way'), { recursive: true })
    await control.call('BGSAVE')
    while (!/rdb_last_bgsave_status:err/.test(await control.info('persistence'))) {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    isTurnedAway(t, await lab.write('misconf'), /MISCONF/)
    t.is((await api.raw(`${CONFIG_MAPS}/first`)).status, 200)
    await control.config('SET', 'save', '')
    await recovers(t, lab, 'after')
  },
)

test.serial(
  'on a full disk nothing that was answered is lost, and writes go on when there is room',
  async t => {
    t.timeout(600_000)
    const dir = await mkdtemp(join(tmpdir(), 'skiff-full-'))
    await run('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', dir])
    const redis = await startRedis(dir)
    const store = await openStore({ url: redis.url, log: quietLog, logLength: 100_000 })
    const load = new StoreLoad(t, store, 'load', 4)
    t.teardown(async () => {
      await load.stop()
      await store.close()
      await redis.remove()
      await run('umount', [dir]).catch(() => {})
      await rm(dir, { recursive: true, force: true })
    })
    await load.progress(50)
    await writeFile(join(dir, 'filler'), Buffer.alloc(12 * 1024 * 1024)).catch(error =>
      t.is(error.code, 'ENOSPC'),
    )
    // Redis ends rather than answer what is not on disk.
    await redis.ended()
    const refused = await t.throwsAsync(store.put('other', 'a', 0, storeDocument('a')), {
      code: 'unavailable',
    })
    t.regex(refused!.message, /Redis/)
    await rm(join(dir, 'filler'))
    redis.start()
    await load.progress(100)
    await load.check()
  },
)
