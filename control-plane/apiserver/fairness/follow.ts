import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, Informer, InformerFactory } from '../../../api/client/client.ts'
import { createWorkQueue, type WorkQueue } from '../../../api/client/work-queue.ts'
import { type FlowSchema, flowSchemas, priorityLevelConfigurations } from '../../../api/kinds/flowcontrol.ts'
import { isEqual } from '../../../api/meta/equal.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { isNotFound } from '../../../api/meta/status.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import type { FlowControl, Reference } from './flow-control.ts'

/** How often limits are adjusted to what was asked for. */
const ADJUSTMENT_PERIOD = 10_000
const CONSUMER = { fieldManager: 'api-priority-and-fairness-config-consumer-v1' }
const KEY = 'configuration'
const MINUTE = 60_000
/** Writes of one schema's status in a minute: several servers may be of different minds. */
const MOST_WRITES = 6
/** How long to wait after that, in milliseconds: this long and up to so much longer. */
const PAUSE = { least: 30_000, more: 45_000 }

export interface FollowOptions {
  control: FlowControl
  client: Client
  informers: InformerFactory
  log: Logger
  signal: AbortSignal
}

/**
 * Keeps priority and fairness as its objects say, tells in each FlowSchema's status whether its level exists, and adjusts
 * limits. Resolves once the first configuration holds; goes on until the signal aborts.
 */
export async function followFlowConfiguration(options: FollowOptions): Promise<void> {
  const { control, informers, signal } = options
  const levels = informers.informer(priorityLevelConfigurations)
  const schemas = informers.informer(flowSchemas)
  await Promise.all([levels.synced(), schemas.synced()])
  const queue = createWorkQueue()
  const change = () => queue.add(KEY)
  onChange(levels, change, ({ spec }) => spec)
  onChange(schemas, change, ({ spec, status }) => ({ spec, status }))
  control.onDrained(change)
  control.configure(levels.list(), schemas.list())
  change()
  const writes = new RecentWrites()
  void work(options, queue, () => control.configure(levels.list(), schemas.list()), writes)
  const timer = setInterval(() => control.adjust(), ADJUSTMENT_PERIOD)
  timer.unref()
  signal.addEventListener('abort', () => {
    clearInterval(timer)
    queue.shutDown()
  })
}

/** Calls back when a part of an object changed, or an object came or went. */
function onChange<T extends ApiObject>(
  informer: Informer<T>,
  change: () => void,
  part: (object: T) => unknown,
) {
  informer.addHandler({
    added: change,
    updated: (object, old) => {
      if (!isEqual(part(object), part(old))) change()
    },
    deleted: change,
  })
}

async function work(
  { client, log }: FollowOptions,
  queue: WorkQueue,
  configure: () => Reference[],
  writes: RecentWrites,
): Promise<void> {
  while (true) {
    const key = await queue.take()
    if (key === undefined) return
    // What comes together is taken together.
    await sleep(0)
    try {
      const isComplete = await tellAll(client, configure(), writes)
      queue.forget(key)
      if (!isComplete) queue.addAfter(key, PAUSE.least + Math.random() * PAUSE.more)
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'cannot write the status of a FlowSchema')
      queue.addRateLimited(key)
    }
    queue.done(key)
  }
}

/** Writes what is new of the schemas' levels; false where that has to wait. */
async function tellAll(client: Client, references: Reference[], writes: RecentWrites): Promise<boolean> {
  let isComplete = true
  for (const reference of references) {
    const condition = danglingCondition(reference)
    if (!condition) continue
    const { name } = reference.schema.metadata
    if (writes.isTooMany(name)) isComplete = false
    else {
      writes.add(name)
      await tell(client, name, condition)
    }
  }
  return isComplete
}

async function tell(client: Client, name: string, condition: object): Promise<void> {
  const { group, version, kind } = flowSchemas
  const body = {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name },
    status: { conditions: [condition] },
  }
  const options = { ...CONSUMER, subresource: 'status', force: true }
  await client.patch(flowSchemas, { name }, { type: 'apply', body }, options).catch(error => {
    if (!isNotFound(error)) throw error
  })
}

/** The condition that a schema should have, where it has another. */
function danglingCondition({ schema, isFound }: Reference): object | undefined {
  const { name } = schema.spec.priorityLevelConfiguration
  const there = isFound ? 'it exists' : 'there is no such object'
  const conjunction = isFound ? 'and' : 'but'
  const wanted = {
    type: 'Dangling',
    status: isFound ? 'False' : 'True',
    reason: isFound ? 'Found' : 'NotFound',
    message: `This FlowSchema references the PriorityLevelConfiguration object named "${name}" ${conjunction} ${there}`,
  }
  const { lastTransitionTime: _, ...found } = conditionOf(schema) ?? { type: '' }
  if (isEqual(found, wanted)) return undefined
  return { ...wanted, lastTransitionTime: `${new Date().toISOString().slice(0, 19)}Z` }
}

const conditionOf = ({ status }: FlowSchema) => status?.conditions?.find(({ type }) => type === 'Dangling')

/** When the status of which schema was written in the last minute. */
class RecentWrites {
  readonly #times = new Map<string, number[]>()

  isTooMany(name: string): boolean {
    const times = (this.#times.get(name) ?? []).filter(time => time > Date.now() - MINUTE)
    this.#times.set(name, times)
    return times.length >= MOST_WRITES
  }

  add(name: string): void {
    this.#times.set(name, [...(this.#times.get(name) ?? []), Date.now()])
  }
}
