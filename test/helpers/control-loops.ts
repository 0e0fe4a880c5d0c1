import type { Client, Informer, InformerFactory } from '../../api/client/client.ts'
import { createInformerFactory } from '../../api/client/informer.ts'
import { events } from '../../api/kinds/core.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import { startControllers } from '../../control-plane/controllers/controllers.ts'
import { startScheduler } from '../../control-plane/scheduler/scheduler.ts'
import { startTestApiServer, type TestApiServer } from './api-server.ts'
import { CaughtUp } from './caught-up.ts'
import { type FakeKubelet, type FakeKubeletOptions, startFakeKubelet } from './fake-kubelet.ts'
import { quietLog } from './log.ts'

const DEADLINE = 300_000
/** Nodes whose leases are older than 40 s are taken for lost, and their Pods for not ready. */
const HEARTBEAT = 5_000

/** An API server with controllers and scheduler, on nodes that only say that they run Pods. */
export interface TestControlLoops {
  api: TestApiServer
  client: Client
  informers: InformerFactory
  nodes: FakeKubelet[]
  addNode(name: string, options?: FakeKubeletOptions): Promise<FakeKubelet>
  /** Starts to watch a kind; resolves when its cache is filled. */
  watched(kind: KindDeclaration<any>): Promise<void>
  /** A namespace of a test's own. */
  createNamespace(name: string): Promise<string>
  /**
   * The object once it is as wanted, seen by a watch. What was written before the call has been seen when it begins to
   * look, and whatever led to the object when it resolves, of every kind that is watched. A state that passes may be missed.
   */
  waitFor<T extends ApiObject>(
    kind: KindDeclaration<T>,
    key: string,
    isWanted: (object: T) => unknown,
  ): Promise<T>
  /** Resolves when what is in the cache meets the condition; the same holds. */
  waitUntil<T extends ApiObject>(
    kind: KindDeclaration<T>,
    isWanted: (informer: Informer<T>) => unknown,
  ): Promise<void>
  /** `reason: message` of the events of an object. */
  waitForEvent(kind: string, name: string, pattern: RegExp): Promise<string>
  /** Starts controllers (and scheduler) once more, as a restarted process would; returns what stops them. */
  restartLoops(): Promise<void>
  stop(): Promise<void>
}

export interface TestControlLoopsOptions {
  /** Names of the nodes that are there from the start. */
  nodes?: string[]
  kubelet?: FakeKubeletOptions
  /** Which loops run; both where left out. */
  controllers?: boolean
  scheduler?: boolean
}

export async function startTestControlLoops(
  options: TestControlLoopsOptions = {},
): Promise<TestControlLoops> {
  const api = await startTestApiServer()
  const { client } = api
  const stopping = new AbortController()
  const caches = new CaughtUp(client, createInformerFactory(client, stopping.signal))
  const informers = caches.factory
  let loops = startLoops(api, options)
  const test: TestControlLoops = {
    api,
    client,
    informers,
    nodes: [],
    async addNode(name, kubelet = options.kubelet) {
      const node = await startFakeKubelet(client, informers, name, kubelet)
      test.nodes.push(node)
      return node
    },
    watched: kind => informers.informer(kind).synced(),
    async createNamespace(name) {
      await api.kubectl('1.32', 'create', 'namespace', name)
      return name
    },
    async waitFor(kind, key, isWanted) {
      const cache = informers.informer(kind)
      let found = cache.get(key)
      const isSo = (): unknown => {
        found = cache.get(key)
        return found && isWanted(found)
      }
      await caches.settled(kind)
      await waitUntil(cache, isSo, () => `${kind.singular} ${key} was not as wanted: ${show(found)}`)
      await caches.settled()
      return found!
    },
    async waitUntil(kind, isWanted) {
      const cache = informers.informer(kind)
      await caches.settled(kind)
      await waitUntil(cache, isWanted, () => `${kind.plural} were not as wanted: ${show(cache.list())}`)
      await caches.settled()
    },
    async waitForEvent(kind, name, pattern) {
      const find = (cache: Informer<any>): string | undefined =>
        cache
          .list()
          .filter(({ involvedObject: about }) => about.kind === kind && about.name === name)
          .map(({ reason, message }) => `${reason}: ${message}`)
          .find(text => pattern.test(text))
      await test.waitUntil(events, cache => find(cache))
      return find(informers.informer(events))!
    },
    async restartLoops() {
      await loops.stop()
      loops = startLoops(api, options)
    },
    async stop() {
      clearInterval(heartbeat)
      stopping.abort()
      await loops.stop()
      await api.stop()
    },
  }
  const heartbeat = setInterval(() => {
    // What cannot be renewed now is next time, or the server is stopping.
    for (const node of test.nodes) node.renew().catch(() => {})
  }, HEARTBEAT)
  for (const name of options.nodes ?? []) await test.addNode(name)
  return test
}

function startLoops(api: TestApiServer, { controllers = true, scheduler = true }: TestControlLoopsOptions) {
  const stopping = new AbortController()
  const { client } = api
  const shared = { client, log: quietLog, signal: stopping.signal }
  const running = [
    ...(controllers
      ? [startControllers({ ...shared, clusterCIDR: '10.244.0.0/16', rootCA: api.pki.ca.cert })]
      : []),
    ...(scheduler ? [startScheduler(shared)] : []),
  ]
  return {
    async stop() {
      stopping.abort()
      await Promise.all(running)
    },
  }
}

const show = (value: unknown): string => JSON.stringify(value)?.slice(-4_000) ?? 'not there'

/** Waits for changes of a cache until it is as wanted. */
async function waitUntil<T extends ApiObject>(
  informer: Informer<T>,
  isWanted: (informer: Informer<T>) => unknown,
  complaint: () => string,
): Promise<void> {
  await informer.synced()
  const found = Promise.withResolvers<void>()
  let isFound = false
  const check = (): void => {
    isFound ||= Boolean(isWanted(informer))
    if (isFound) found.resolve()
  }
  const off = informer.addHandler({ added: check, updated: check, deleted: check })
  const timer = setTimeout(() => found.reject(new Error(complaint())), DEADLINE)
  check()
  await found.promise.finally(() => {
    clearTimeout(timer)
    off()
  })
}
