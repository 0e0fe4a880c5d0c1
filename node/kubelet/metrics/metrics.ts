import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Pod } from '../../../api/kinds/types.ts'
import { KUBELET_VERSION } from '../node/machine.ts'

/** What a kubelet measures of itself, under the names a kubelet gives it. */
export interface KubeletMetrics {
  registry: Registry
  /** A call to the runtime (`run_podsandbox`) that took so many seconds. */
  runtimeOperation(type: string, seconds: number, error?: Error): void
  podStarted(error?: Error): void
  containerStarted(type: ContainerType, error?: StartFault): void
  /** Seconds from the kubelet's first sight of a Pod until its containers run. */
  podRunning(seconds: number): void
  evicted(signal: string): void
  /** A probe (`Liveness`) of a container went well or not. */
  probed(pod: Pod, container: string, type: string, ok: boolean): void
  /** What probes found: `/metrics/probes`. */
  probes: Registry
  /** Sets what is counted when it is asked for. */
  running(pods: number, containersByState: ReadonlyMap<string, number>): void
}

export type ContainerType = 'container' | 'init_container' | 'ephemeral_container'
interface StartFault {
  reason: string
}

const START_BUCKETS = [
  0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600,
]
const OPERATION_BUCKETS = [
  0.005, 0.0125, 0.03125, 0.078125, 0.1953125, 0.48828125, 1.220703125, 3.0517578125, 7.62939453125,
  19.073486328125,
]

export function createKubeletMetrics(nodeName: string): KubeletMetrics {
  const registry = new Registry()
  const counter = createCounters(registry)
  const histogram = createHistograms(registry)
  const gauge = createGauges(registry)
  gauge('kubelet_node_name', "The node's name. The count is always 1.", ['node']).set({ node: nodeName }, 1)
  const build = { git_version: KUBELET_VERSION, platform: `${process.platform}/${process.arch}` }
  gauge('kubernetes_build_info', 'What this kubelet was built as.', Object.keys(build)).set(build, 1)
  const operations = {
    total: counter(
      'kubelet_runtime_operations_total',
      'Cumulative number of runtime operations by operation type.',
      ['operation_type'],
    ),
    errors: counter(
      'kubelet_runtime_operations_errors_total',
      'Cumulative number of runtime operation errors by operation type.',
      ['operation_type'],
    ),
    seconds: histogram(
      'kubelet_runtime_operations_duration_seconds',
      'Duration in seconds of runtime operations. Broken down by operation type.',
      OPERATION_BUCKETS,
      ['operation_type'],
    ),
  }
  const started = {
    pods: counter('kubelet_started_pods_total', 'Cumulative number of pods started'),
    podErrors: counter('kubelet_started_pods_errors_total', 'Cumulative number of errors when starting pods'),
    containers: counter('kubelet_started_containers_total', 'Cumulative number of containers started', [
      'container_type',
    ]),
    containerErrors: counter(
      'kubelet_started_containers_errors_total',
      'Cumulative number of errors when starting containers',
      ['container_type', 'code'],
    ),
    seconds: histogram(
      'kubelet_pod_start_duration_seconds',
      'Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run',
      START_BUCKETS,
    ),
  }
  const evictions = counter('kubelet_evictions', 'Cumulative number of pod evictions by eviction signal', [
    'eviction_signal',
  ])
  const pods = gauge('kubelet_running_pods', 'Number of pods that have a running pod sandbox')
  const containers = gauge('kubelet_running_containers', 'Number of containers currently running', [
    'container_state',
  ])
  const probes = new Registry()
  const probed = createCounters(probes)(
    'prober_probe_total',
    'Cumulative number of a liveness, readiness or startup probe for a container by result.',
    ['container', 'namespace', 'pod', 'pod_uid', 'probe_type', 'result'],
  )
  describeProcess(gauge)
  return {
    registry,
    runtimeOperation(operation_type, seconds, error) {
      operations.total.inc({ operation_type })
      operations.seconds.observe({ operation_type }, seconds)
      if (error) operations.errors.inc({ operation_type })
    },
    podStarted(error) {
      started.pods.inc()
      if (error) started.podErrors.inc()
    },
    containerStarted(container_type, error) {
      started.containers.inc({ container_type })
      if (error) started.containerErrors.inc({ container_type, code: error.reason })
    },
    podRunning: seconds => started.seconds.observe(seconds),
    probes,
    probed({ metadata }, container, probe_type, ok) {
      const { name, namespace, uid } = metadata
      const labels = { container, namespace: namespace!, pod: name, pod_uid: uid!, probe_type }
      probed.inc({ ...labels, result: ok ? 'successful' : 'failed' })
    },
    evicted: eviction_signal => evictions.inc({ eviction_signal }),
    running(count, byState) {
      pods.set(count)
      containers.reset()
      for (const [container_state, value] of byState) containers.set({ container_state }, value)
    },
  }
}

const createCounters =
  (registry: Registry) =>
  (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name, help, labelNames, registers: [registry] })

const createGauges =
  (registry: Registry) =>
  (name: string, help: string, labelNames: string[] = [], collect?: (this: Gauge) => void): Gauge =>
    new Gauge({ name, help, labelNames, registers: [registry], ...(collect && { collect }) })

const createHistograms =
  (registry: Registry) =>
  (name: string, help: string, buckets: number[], labelNames: string[] = []): Histogram =>
    new Histogram({ name, help, buckets, labelNames, registers: [registry] })

/** The process itself, as every program of a cluster tells of itself. */
function describeProcess(gauge: ReturnType<typeof createGauges>): void {
  const read = (name: string, help: string, value: () => number): void => {
    gauge(name, help, [], function collect() {
      this.set(value())
    })
  }
  const startedAt = Date.now() / 1_000 - process.uptime()
  read('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  read('process_resident_memory_bytes', 'Resident memory size in bytes.', () => process.memoryUsage.rss())
  read(
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
    () => startedAt,
  )
}
