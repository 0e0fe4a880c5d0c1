import { Registry as PromRegistry, type Registry } from 'prom-client'
import type { Observe } from '../discovery/health.ts'
import { VERSION } from '../discovery/version.ts'
import type { KindRegistry, Resource } from '../kind-registry.ts'
import { hubOf } from '../watch/hub.ts'
import { CounterTable, type Labels, register } from './tables.ts'

/** Metrics of what the server holds and of its process, under upstream's names. Nothing is counted until they are read. */
export function registerServerMetrics(registry: Registry, kinds: KindRegistry): void {
  registerResources(registry, kinds)
  registerProcess(registry)
  const { major, minor, gitVersion, goVersion, platform } = VERSION
  const build = { major, minor, git_version: gitVersion, go_version: goVersion, platform }
  register(registry, 'kubernetes_build_info', 'gauge', 'Version of this server', () => [
    { labels: build, value: 1 },
  ])
}

function registerResources(registry: Registry, kinds: KindRegistry): void {
  const each = (value: (resource: Resource) => number, labels: (resource: Resource) => Labels) => () =>
    stored(kinds).map(resource => ({ labels: labels(resource), value: value(resource) }))
  const ofKind = ({ kind: { group, version, kind } }: Resource): Labels => ({ group, version, kind })
  register(
    registry,
    'apiserver_storage_objects',
    'gauge',
    'Objects by type; types that nobody has asked for are not known',
    each(
      ({ cache }) => cache.size,
      ({ type }) => ({ resource: type }),
    ),
  )
  register(
    registry,
    'apiserver_watch_events_total',
    'counter',
    'Events sent to watchers',
    each(({ cache }) => hubOf(cache).sent, ofKind),
  )
  register(
    registry,
    'apiserver_registered_watchers',
    'gauge',
    'Watchers that are connected',
    each(({ cache }) => hubOf(cache).watchers, ofKind),
  )
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

const startOfProcess = (): number => Date.now() / 1000 - process.uptime()

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

function registerProcess(registry: Registry): void {
  const started = startOfProcess()
  const single = (name: string, type: 'gauge' | 'counter', help: string, value: () => number) =>
    register(registry, name, type, help, () => [{ labels: {}, value: value() }])
  single('process_start_time_seconds', 'gauge', 'When the process began', () => started)
  single('process_resident_memory_bytes', 'gauge', 'Resident memory', () => process.memoryUsage.rss())
  single('process_cpu_seconds_total', 'counter', 'User and system time', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
}
