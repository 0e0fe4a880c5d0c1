import { randomUUID } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestFn } from 'ava'
import type { ContainerConfig, PodSandboxConfig, RuntimeEvent, RuntimePlugin } from '../../plugins/runtime.ts'

/** A runtime under test. The image must be there and have a shell. */
export interface RuntimeUnderTest {
  runtime: RuntimePlugin
  image: string
  /** Where logs go: a folder both the runtime and the test see at this path. */
  logDirectory: string
  /** Makes a cgroup parent for a sandbox, where the runtime needs one. */
  cgroupParent?(): Promise<string>
  stop(): Promise<void>
}

/** What every runtime plugin must do, as tests of the calling file. */
export function testRuntime(test: TestFn, start: () => Promise<RuntimeUnderTest>): void {
  let under: RuntimeUnderTest
  const made = new Set<string>()
  test.before(async () => {
    under = await start()
  })
  test.after.always(async () => {
    await under?.stop()
  })
  test.afterEach.always(async () => {
    for (const id of made) {
      await under.runtime.stopPodSandbox(id)
      await under.runtime.removePodSandbox(id)
      made.delete(id)
    }
  })

  const sandbox = async (change: Partial<PodSandboxConfig> = {}) => {
    const config = { ...(await sandboxConfig(under)), ...change }
    const id = await under.runtime.runPodSandbox(config, '')
    made.add(id)
    return { id, config }
  }
  const container = async (script: string, change: Partial<ContainerConfig> = {}) => {
    const { id: sandboxId, config: sandboxConfig } = await sandbox()
    const config = { ...containerConfig(under.image, script), ...change }
    const id = await under.runtime.createContainer(sandboxId, config, sandboxConfig)
    return { id, sandboxId, config, log: join(sandboxConfig.logDirectory, config.logPath) }
  }
  const running = async (script: string, change?: Partial<ContainerConfig>) => {
    const made = await container(script, change)
    await under.runtime.startContainer(made.id)
    return made
  }

  test.serial('says what it is and that it is ready', async t => {
    const { runtimeName, runtimeVersion } = await under.runtime.version()
    t.truthy(runtimeName)
    t.truthy(runtimeVersion)
    const { conditions } = await under.runtime.status()
    t.deepEqual(
      conditions.map(({ type, status }) => [type, status]),
      [
        ['RuntimeReady', true],
        ['NetworkReady', true],
      ],
    )
  })

  test.serial(
    'a sandbox is listed by its labels, has an address, and is gone after it was removed',
    async t => {
      const { runtime } = under
      const { id, config } = await sandbox()
      const [listed] = await runtime.listPodSandbox({ labelSelector: { test: config.labels.test! } })
      t.is(listed?.id, id)
      t.is(listed?.state, 'SANDBOX_READY')
      t.deepEqual(listed?.metadata, config.metadata)
      const status = await runtime.podSandboxStatus(id)
      t.regex(status.network?.ip ?? '', /^[0-9a-f.:]+$/)
      await runtime.stopPodSandbox(id)
      t.is((await runtime.podSandboxStatus(id)).state, 'SANDBOX_NOTREADY')
      await runtime.removePodSandbox(id)
      t.deepEqual(await runtime.listPodSandbox({ id }), [])
      const error = await t.throwsAsync<Error & { code: number }>(runtime.podSandboxStatus(id))
      t.is(error?.code, 5)
    },
  )

  test.serial('stop and remove succeed when there is nothing left to do', async t => {
    const { runtime } = under
    const { id, sandboxId } = await running('true')
    await runtime.stopContainer(id, 1)
    await runtime.stopContainer(id, 1)
    await runtime.removeContainer(id)
    await runtime.removeContainer(id)
    for (const twice of [1, 2]) {
      await t.notThrowsAsync(runtime.stopPodSandbox(sandboxId), `stop ${twice}`)
      if (twice === 2) await t.notThrowsAsync(runtime.removePodSandbox(sandboxId))
    }
    await t.notThrowsAsync(runtime.removePodSandbox(sandboxId))
    await t.notThrowsAsync(runtime.stopPodSandbox(sandboxId))
  })

  test.serial('a container goes from created over running to exited with its exit code', async t => {
    const { runtime } = under
    const { id, config } = await container('sleep 5; exit 3')
    const created = await runtime.containerStatus(id)
    t.is(created.state, 'CONTAINER_CREATED')
    t.deepEqual([created.startedAt, created.finishedAt], [0, 0])
    t.deepEqual(created.metadata, config.metadata)
    t.deepEqual(created.annotations, config.annotations)
    t.deepEqual(created.labels, config.labels)
    await runtime.startContainer(id)
    const started = await runtime.containerStatus(id)
    t.is(started.state, 'CONTAINER_RUNNING')
    t.true(Math.abs(started.startedAt / 1e6 - Date.now()) < 60_000, 'nanoseconds since the epoch')
    const ended = await exited(runtime, id)
    t.is(ended.exitCode, 3)
    t.is(ended.reason, 'Error')
    t.true(ended.finishedAt >= ended.startedAt)
  })

  test.serial('arguments, environment, working directory and mounts arrive in the container', async t => {
    const { id, log } = await running('echo $NAME; pwd; echo from $0; cat /mnt/file; touch /mnt/x', {
      args: ['zero'],
      envs: [{ key: 'NAME', value: 'two words' }],
      workingDir: '/tmp',
      mounts: [{ containerPath: '/mnt/file', hostPath: '/etc/hostname', readonly: true }],
    })
    const { exitCode } = await exited(under.runtime, id)
    t.not(exitCode, undefined)
    const text = await logText(log)
    t.true(text.startsWith('two words\n/tmp\nfrom zero\n'), text)
  })

  test.serial('the log has one line a line, with its time and stream', async t => {
    const { id, log } = await running('echo out; echo err >&2; printf end')
    await exited(under.runtime, id)
    const lines = (await readFile(log, 'utf8')).trim().split('\n')
    t.deepEqual(
      lines.map(line => line.replace(/^\S+ /, '')).sort(),
      ['stderr F err', 'stdout F out', 'stdout P end'].sort(),
    )
    for (const line of lines) t.regex(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) /)
  })

  test.serial(
    'a process that ignores SIGTERM is killed when its time is over, or at once when asked again',
    async t => {
      const { runtime } = under
      const { id } = await running("trap '' TERM; while :; do sleep 1; done")
      const patient = runtime.stopContainer(id, 3_600)
      await runtime.stopContainer(id, 0)
      await patient
      const { state, exitCode } = await runtime.containerStatus(id)
      t.deepEqual([state, exitCode], ['CONTAINER_EXITED', 137])
    },
  )

  test.serial('a process that heeds SIGTERM ends with its own exit code', async t => {
    const { runtime } = under
    const { id, log } = await running("trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done")
    await logContains(log, 'ready')
    await runtime.stopContainer(id, 3_600)
    t.is((await runtime.containerStatus(id)).exitCode, 7)
  })

  test.serial('a command that is not there makes start fail, and the container has exited', async t => {
    const { runtime } = under
    const { id } = await container('', { command: ['/not/there'], args: [] })
    const error = await t.throwsAsync(runtime.startContainer(id))
    t.regex(error?.message ?? '', /not\/there/)
    const { state, exitCode } = await runtime.containerStatus(id)
    t.is(state, 'CONTAINER_EXITED')
    t.not(exitCode, 0)
  })

  test.serial(
    'containers of one Pod share its network, and a stopped sandbox has no running container',
    async t => {
      const { runtime } = under
      const { id: sandboxId, config: sandboxConfig } = await sandbox()
      const one = containerConfig(
        under.image,
        'mkdir -p /www; echo hello > /www/index.html; httpd -f -p 127.0.0.1:7000 -h /www',
      )
      const other = containerConfig(
        under.image,
        'until wget -q -O - http://127.0.0.1:7000/; do sleep 0.1; done',
        'other',
      )
      const ids: string[] = []
      for (const config of [one, other]) {
        const id = await runtime.createContainer(sandboxId, config, sandboxConfig)
        await runtime.startContainer(id)
        ids.push(id)
      }
      await exited(runtime, ids[1]!)
      t.is(await logText(join(sandboxConfig.logDirectory, other.logPath)), 'hello\n')
      await runtime.stopPodSandbox(sandboxId)
      t.is((await exited(runtime, ids[0]!)).state, 'CONTAINER_EXITED')
      const left = await runtime.listContainers({ podSandboxId: sandboxId })
      t.deepEqual(left.map(({ id }) => id).sort(), ids.sort())
    },
  )

  test.serial('an image that is there has a size and an id, one that is not is undefined', async t => {
    const { runtime, image } = under
    const found = await runtime.imageStatus(image)
    t.truthy(found?.id)
    t.true(found!.size > 0)
    t.is((await runtime.imageStatus(found!.id))?.id, found!.id)
    t.is(await runtime.imageStatus('skiff.local/no-such-image:1'), undefined)
    t.true((await runtime.listImages()).some(({ id }) => id === found!.id))
  })

  test.serial('a pull that fails says why', async t => {
    const error = await t.throwsAsync(under.runtime.pullImage('127.0.0.1:1/nothing/here:1'))
    t.regex(error?.message ?? '', /127\.0\.0\.1:1/)
  })

  test.serial('execSync gives both outputs and the exit code, and ends at its time', async t => {
    const { execSync } = under.runtime
    if (!execSync) return t.pass('not offered')
    const { id } = await running('sleep 1000')
    const command = ['sh', '-c', 'echo out; echo err >&2; exit 4']
    const { stdout, stderr, exitCode } = await execSync(id, command, 60)
    t.deepEqual([String(stdout), String(stderr), exitCode], ['out\n', 'err\n', 4])
    await t.throwsAsync(execSync(id, ['sleep', '1000'], 1))
  })

  test.serial('an exit is told by an event of the container, a command run in it is not', async t => {
    const { runtime } = under
    if (!runtime.events) return t.pass('not offered')
    const stop = new AbortController()
    const seen: RuntimeEvent[] = []
    const stream = runtime.events(stop.signal)
    const ended = Promise.withResolvers<string>()
    const following = (async () => {
      for await (const event of stream) {
        seen.push(event)
        if (event.type === 'exited') ended.resolve(event.id)
      }
    })()
    const { id } = await running('sleep 1000')
    await runtime.execSync?.(id, ['true'], 60)
    await runtime.stopContainer(id, 0)
    t.is(await ended.promise, id)
    t.deepEqual(seen.filter(event => event.id === id && event.type === 'exited').length, 1)
    stop.abort()
    await t.notThrowsAsync(following)
  })

  test.serial('a log that was moved away is opened anew', async t => {
    const { reopenContainerLog } = under.runtime
    if (!reopenContainerLog) return t.pass('not offered')
    const { id, log } = await running('while :; do echo line; sleep 0.05; done')
    await logContains(log, 'line')
    const { rename } = await import('node:fs/promises')
    await rename(log, `${log}.old`)
    await reopenContainerLog(id)
    await logContains(log, 'line')
    t.pass()
  })

  test.serial('what a running container uses is measured', async t => {
    const { listContainerStats } = under.runtime
    if (!listContainerStats) return t.pass('not offered')
    const { id, sandboxId } = await running('sleep 1000')
    const [stats] = await listContainerStats({ podSandboxId: sandboxId })
    t.is(stats?.attributes.id, id)
    t.true((stats?.memory?.workingSetBytes?.value ?? 0) > 0)
  })

  test.serial('streams are offered as URLs', async t => {
    const { exec, attach, portForward } = under.runtime
    const { id, sandboxId } = await running('sleep 1000')
    const streams = { stdin: false, stdout: true, stderr: true, tty: false }
    for (const url of [
      await exec?.(id, ['true'], streams),
      await attach?.(id, streams),
      await portForward?.(sandboxId, [80]),
    ]) {
      if (url !== undefined) t.notThrows(() => new URL(url))
    }
    t.pass()
  })
}

async function sandboxConfig({ logDirectory, cgroupParent }: RuntimeUnderTest): Promise<PodSandboxConfig> {
  const uid = randomUUID()
  const directory = join(logDirectory, uid)
  await mkdir(join(directory, 'main'), { recursive: true })
  await mkdir(join(directory, 'other'), { recursive: true })
  return {
    metadata: { name: 'pod', uid, namespace: 'default', attempt: 0 },
    hostname: 'pod',
    logDirectory: directory,
    portMappings: [],
    labels: { test: uid },
    annotations: {},
    linux: {
      ...(cgroupParent && { cgroupParent: await cgroupParent() }),
      securityContext: { namespaceOptions: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' } },
    },
  }
}

const containerConfig = (image: string, script: string, name = 'main'): ContainerConfig => ({
  metadata: { name, attempt: 0 },
  image: { image },
  command: ['sh', '-c', script],
  args: [],
  envs: [],
  mounts: [],
  labels: { role: name },
  annotations: { note: 'kept' },
  logPath: `${name}/0.log`,
  linux: {
    resources: {},
    securityContext: { namespaceOptions: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' } },
  },
})

const DEADLINE = 120_000

async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + DEADLINE
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error(`waited too long for ${what}`)
    await new Promise(done => setTimeout(done, 20))
  }
}

const exited = (runtime: RuntimePlugin, id: string) =>
  eventually(`${id} to exit`, async () => {
    const status = await runtime.containerStatus(id)
    return status.state === 'CONTAINER_EXITED' ? status : undefined
  })

async function logText(path: string): Promise<string> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter(Boolean)
  return lines.map(line => `${line.replace(/^\S+ \S+ [FP] /, '')}\n`).join('')
}

const logContains = (path: string, text: string) =>
  eventually(`${text} in ${path}`, async () =>
    (await readFile(path, 'utf8').catch(() => '')).includes(text) ? true : undefined,
  )
