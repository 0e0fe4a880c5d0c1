import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Client } from '../../api/client/client.ts'
import { loadKubeconfig } from '../../api/client/kubeconfig.ts'
import { createClient } from '../../api/client/rest-client.ts'
import { configMaps } from '../../api/kinds/core.ts'
import { isStatusError } from '../../api/meta/status.ts'
import { freePort } from '../helpers/ports.ts'
import { type ServerProcess, startServerProcess } from '../helpers/skiff-process.ts'

const CRASHES = 9
const WRITERS = 8

/** The Redis that works on a data directory. */
async function redisOf(data: string): Promise<number | undefined> {
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (command.startsWith('redis-server') && command.includes(data)) return Number(pid)
  }
  return undefined
}

/** Follows all ConfigMaps of the default namespace over every crash, resuming at the last event. */
class Follower {
  events: { type: string; name: string; revision: number; value: string }[] = []
  expired = 0
  #after: string
  #stopped = new AbortController()
  #done: Promise<void>

  constructor(client: Client, after: string) {
    this.#after = after
    this.#done = this.#run(client)
  }

  async reached(revision: number): Promise<void> {
    for (
      const end = Date.now() + 120_000;
      Date.now() < end && (this.events.at(-1)?.revision ?? 0) < revision;
    ) {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#done
  }

  async #run(client: Client): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      try {
        const options = { namespace: 'default', resourceVersion: this.#after, signal }
        for await (const { type, object } of client.watch(configMaps, options)) {
          const { name, resourceVersion } = object.metadata
          this.#after = resourceVersion!
          const value = object.data?.value ?? ''
          this.events.push({ type, name: name!, revision: Number(resourceVersion), value })
        }
      } catch (error) {
        if (isStatusError(error) && error.status.code === 410) this.expired++
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
  }
}

interface Answered {
  revision: number
  value: string
}

/** Writers that update a ConfigMap each, and note what was answered. */
class Writers {
  answered = 0
  readonly histories = new Map<string, Answered[]>()
  #client: Client
  #running = true
  #done: Promise<void[]>

  constructor(client: Client) {
    this.#client = client
    this.#done = Promise.all(Array.from({ length: WRITERS }, (_, index) => this.#run(`writer-${index}`)))
  }

  async progress(count: number): Promise<void> {
    for (const goal = this.answered + count; this.answered < goal; ) {
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }

  async stop(): Promise<void> {
    this.#running = false
    await this.#done
  }

  async #run(name: string): Promise<void> {
    const history: Answered[] = []
    this.histories.set(name, history)
    for (let step = 0, exists = false; this.#running; step++) {
      const value = `${name} ${step}`
      const metadata = { name, namespace: 'default' }
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } }
      try {
        const call = exists
          ? this.#client.update(configMaps, body as never)
          : this.#client.create(configMaps, body)
        history.push({ revision: Number((await call).metadata.resourceVersion), value })
        exists = true
        this.answered++
      } catch (error) {
        // Of a write without an answer nobody knows whether it was done: a create that was shows now.
        exists ||= isStatusError(error) && error.status.code === 409
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    }
  }
}

/** Kills Redis, the server, or both. */
async function crash(
  round: number,
  data: string,
  server: ServerProcess,
  port: number,
): Promise<ServerProcess> {
  const redis = await redisOf(data)
  if (round % 3 !== 0 && redis) process.kill(redis, 'SIGKILL')
  if (round % 3 === 1) return server
  await server.stop('SIGKILL')
  return await startServerProcess(data, port)
}

test('what the API answered survives kill -9 of server and Redis, and a watch that resumes misses and doubles nothing', async t => {
  t.timeout(600_000)
  const data = await mkdtemp(join(tmpdir(), 'skiff-crash-'))
  const port = await freePort()
  let server = await startServerProcess(data, port)
  const client = createClient(await loadKubeconfig(server.kubeconfig))
  t.teardown(async () => {
    client.close()
    await server.stop()
    await rm(data, { recursive: true, force: true })
  })
  const { metadata } = await client.list(configMaps, { namespace: 'default' })
  const follower = new Follower(client, metadata.resourceVersion!)
  const writers = new Writers(client)
  for (let round = 0; round < CRASHES; round++) {
    await writers.progress(30 + ((round * 53) % 100))
    server = await crash(round, data, server, port)
  }
  await writers.progress(50)
  await writers.stop()
  const { items } = await client.list(configMaps, { namespace: 'default' })
  await follower.reached(Math.max(...items.map(item => Number(item.metadata.resourceVersion))))
  await follower.stop()
  checkWatch(t, follower, writers)
  for (const [name, history] of writers.histories) {
    const stored = items.find(item => item.metadata.name === name)?.data?.value
    t.true(stepOf(stored) >= stepOf(history.at(-1)?.value), `${name}: ${stored}`)
  }
  t.log(`${writers.answered} writes answered, ${follower.events.length} events seen, ${CRASHES} crashes`)
})

const stepOf = (value: string | undefined): number => Number(value?.split(' ')[1] ?? -1)

/** Events came in order, once each, and each answered write is among them. */
function checkWatch(t: ExecutionContext, { events, expired }: Follower, { histories }: Writers): void {
  t.is(expired, 0)
  const revisions = events.map(({ revision }) => revision)
  t.deepEqual(
    revisions,
    [...new Set(revisions)].sort((a, b) => a - b),
  )
  const seen = new Map(events.map(event => [event.revision, event.value]))
  for (const { revision, value } of [...histories.values()].flat()) t.is(seen.get(revision), value)
}
