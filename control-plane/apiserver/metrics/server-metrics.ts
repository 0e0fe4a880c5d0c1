import { Registry as PromRegistry, type Registry } from 'prom-client'
import type { StorePlugin } from '../../../plugins/store.ts'
import { celTimes } from '../../cel/times.ts'
import type { Observe } from '../discovery/health.ts'
import { VERSION } from '../discovery/version.ts'
import type { KindRegistry, Resource } from '../kind-registry.ts'
import { hubOf } from '../watch/hub.ts'
import { groupResourceOf } from './group-resource.ts'
import { registerProcess, startOfProcess } from './process-metrics.ts'
import { STABILITIES, stabilityOf } from './stability.ts'
import { CounterTable, type Labels, register } from './tables.ts'

/** Metrics of what the server holds and of its process, under upstream's names. Nothing is counted until they are read. */
export function registerServerMetrics(registry: Registry, kinds: KindRegistry, store: StorePlugin): void {
  registerResources(registry, kinds)
  registerProcess(registry)
  const { major, minor, gitVersion, goVersion, platform } = VERSION
  const build = { major, minor, git_version: gitVersion, go_version: goVersion, platform }
  register(registry, 'kubernetes_build_info', 'gauge', 'Version of this server', () => [
    { labels: build, value: 1 },
  ])
  const version = `${major}.${minor}`
  const before = `${major}.${Number(minor) - 1}`
  const compatible = { component: 'kube', binary: version, emulation: version, min_compat: before }
  register(registry, 'version_info', 'gauge', 'Versions that this server is compatible with', () => [
    { labels: compatible, value: 1 },
  ])
  registerMeta(registry)
  registerStore(registry, store)
  registerRules(registry)
}

/** Not told while the store does not answer, or where it does not know. */
function registerStore(registry: Registry, store: StorePlugin): void {
  const name = 'apiserver_storage_size_bytes'
  register(registry, name, 'gauge', 'Bytes that the store takes up', async () => {
    const size = await store.size?.().catch(() => undefined)
    return size === undefined ? [] : [{ labels: { storage_cluster_id: 'storage-cluster-0' }, value: size }]
  })
}

/** Rules in schemas of custom resources. */
function registerRules(registry: Registry): void {
  const add = (what: keyof typeof celTimes, help: string) => {
    const name = `apiserver_cel_${what}_duration_seconds`
    register(registry, name, 'histogram', help, () => celTimes[what].series(name, {}))
  }
  add('compilation', 'Time to compile rules of schemas')
  add('evaluation', 'Time to hold objects to rules of schemas')
}

/** How many metrics there are, by what is promised of them. */
function registerMeta(registry: Registry): void {
  register(registry, 'registered_metrics_total', 'counter', 'Metrics, by what is promised of them', () => {
    const names = registry.getMetricsAsArray().map(({ name }) => name)
    return STABILITIES.map(stability => ({
      labels: { stability_level: stability, deprecated_version: '' },
      value: names.filter(name => stabilityOf(name) === stability).length,
    }))
  })
}

type Type = 'counter' | 'gauge' | 'histogram'
/** Adds a metric that tells something of each resource that is in memory. */
type Add = (name: string, type: Type, help: string, values: (resource: Resource) => Iterable<object>) => void

function registerResources(registry: Registry, kinds: KindRegistry): void {
  const of =
    (resources: () => Resource[]): Add =>
    (name, type, help, values) =>
      register(registry, `apiserver_${name}`, type, help, () =>
        resources().flatMap(each => [...values(each)]),
      )
  const inMemory = () => stored(kinds)
  registerObjects(of(() => onceEach(inMemory())))
  register(
    registry,
    'apiserver_init_events_total',
    'counter',
    'Events of what there was at the start of watches',
    () => initialEvents(inMemory()),
  )
  registerWatches(of(inMemory))
}

function registerObjects(add: Add): void {
  const help = 'Objects by type; types that nobody has asked for are not known'
  const nameOf = ({ type }: Resource) => ({ resource: type.split('@')[0] })
  const labelsOf = ({ type }: Resource) => groupResourceOf(type)
  add('storage_objects', 'gauge', help, each => [{ labels: nameOf(each), value: each.cache.size }])
  add('resource_objects', 'gauge', help, each => [{ labels: labelsOf(each), value: each.cache.size }])
  add('watch_cache_resource_version', 'gauge', 'Latest change that the server has seen', each => [
    { labels: labelsOf(each), value: each.cache.revision },
  ])
}

function registerWatches(add: Add): void {
  const labelsOf = ({ kind: { group, version, plural: resource } }: Resource) => ({
    group,
    version,
    resource,
  })
  add('watch_events_total', 'counter', 'Events sent to watchers', each => [
    { labels: labelsOf(each), value: hubOf(each.cache).sent.count },
  ])
  add('watch_events_sizes', 'histogram', 'Bytes of events sent to watchers', each => {
    const { sent } = hubOf(each.cache)
    return sent.isEmpty ? [] : sent.series('apiserver_watch_events_sizes', labelsOf(each))
  })
  add('registered_watchers', 'gauge', 'Watchers that are connected', ({ cache, kind }) => [
    {
      labels: { group: kind.group, version: kind.version, kind: kind.kind },
      value: hubOf(cache).watchers,
    },
  ])
}

/** Those of all versions together. */
function initialEvents(resources: readonly Resource[]): object[] {
  const byName = Map.groupBy(resources, ({ type }) => type.split('@')[0]!)
  return [...byName].map(([name, versions]) => ({
    labels: groupResourceOf(name),
    value: versions.reduce((sum, { cache }) => sum + hubOf(cache).initial, 0),
  }))
}

/** Versions of a custom resource are types of their own, and the same objects. */
function onceEach(resources: readonly Resource[]): Resource[] {
  const byName = new Map(resources.map(resource => [resource.type.split('@')[0], resource]))
  return [...byName.values()]
}

/** One resource of each type that has objects in memory: versions share them. */
function stored(kinds: KindRegistry): Resource[] {
  const types = new Map<string, Resource>()
  for (const resource of kinds.all()) {
    if (resource.kind.stored !== false && resource.cache.revision > 0 && !types.has(resource.type)) {
      types.set(resource.type, resource)
    }
  }
  return [...types.values()]
}

/** How well the server is, check by check (upstream's component SLIs, KEP-3466). */
export function createIndicators(): { registry: Registry; observe: Observe } {
  const registry = new PromRegistry()
  const results = new Map<string, { labels: Labels; value: number }>()
  register(
    registry,
    'kubernetes_healthcheck',
    'gauge',
    'This metric records the result of a single healthcheck.',
    () => results.values(),
  )
  const total = new CounterTable(
    registry,
    'kubernetes_healthchecks_total',
    'This metric records the results of all healthcheck.',
  )
  const started = startOfProcess()
  register(registry, 'process_start_time_seconds', 'gauge', 'When the process began', () => [
    { labels: {}, value: started },
  ])
  return {
    registry,
    observe(endpoint, name, isWell) {
      const status = isWell ? 'success' : 'error'
      const labels = { name, type: endpoint }
      results.set(`${endpoint} ${name}`, { labels, value: isWell ? 1 : 0 })
      total.add(`${endpoint} ${name} ${status}`, () => ({ ...labels, status }))
    },
  }
}

/** Gives what counts the connections that came to nothing. */
export function handshakeFailures(registry: Registry): () => void {
  const name = 'apiserver_tls_handshake_errors_total'
  const count = new CounterTable(registry, name, 'Connections whose TLS handshake failed').cell(
    '',
    () => ({}),
  )
  return () => {
    count.value++
  }
}
