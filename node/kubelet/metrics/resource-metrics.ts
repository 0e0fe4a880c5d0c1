import type { Pod } from '../../../api/kinds/types.ts'
import type { PodContext } from '../pods/context.ts'
import { cgroupUsage } from '../stats/cgroup-usage.ts'
import { type ContainerUsage, measurePods, type PodUsage } from '../stats/pod-usage.ts'
import { exposition, type Family, type Sample } from './exposition.ts'

const NANO = 1e9
const seconds = (nanoseconds: number): number => nanoseconds / NANO

/** `/metrics/resource`: what metrics-server and autoscalers read. */
export async function resourceMetrics(context: PodContext, pods: readonly Pod[]): Promise<string> {
  const time = Date.now()
  const node = cgroupUsage('/')
  const measured = await measurePods(context, pods)
  const family = (name: string, help: string, samples: Sample[], type: Family['type'] = 'gauge'): Family => ({
    name,
    help: `[STABLE] ${help}`,
    type,
    samples,
  })
  const container = samplesOfContainers(measured)
  const pod = samplesOfPods(measured)
  return exposition([
    family(
      'container_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the container in core-seconds',
      container(({ cpu }) => cpu && seconds(cpu)),
      'counter',
    ),
    family(
      'container_memory_working_set_bytes',
      'Current working set of the container in bytes',
      container(({ memory }) => memory?.workingSet),
    ),
    family(
      'container_start_time_seconds',
      'Start time of the container since unix epoch in seconds',
      container(({ startedAt }) => startedAt && Date.parse(startedAt) / 1_000),
    ),
    family(
      'node_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the node in core-seconds',
      node.cpu === undefined ? [] : [{ value: seconds(node.cpu), time }],
      'counter',
    ),
    family(
      'node_memory_working_set_bytes',
      'Current working set of the node in bytes',
      node.memory ? [{ value: node.memory.workingSet, time }] : [],
    ),
    family(
      'pod_cpu_usage_seconds_total',
      'Cumulative cpu time consumed by the pod in core-seconds',
      pod(({ cpu }) => cpu && seconds(cpu)),
      'counter',
    ),
    family(
      'pod_memory_working_set_bytes',
      'Current working set of the pod in bytes',
      pod(({ memory }) => memory?.workingSet),
    ),
    family('resource_scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', [
      { value: 0 },
    ]),
  ])
}

/** `/metrics/cadvisor`: the same measurements and a few more, under cAdvisor's names. */
export async function cadvisorMetrics(context: PodContext, pods: readonly Pod[]): Promise<string> {
  const measured = await measurePods(context, pods)
  const container = samplesOfContainers(measured)
  const pod = samplesOfPods(measured)
  const family = (name: string, help: string, samples: Sample[], type: Family['type'] = 'gauge'): Family => ({
    name,
    help,
    type,
    samples,
  })
  const network = (read: 'rxBytes' | 'txBytes'): Sample[] =>
    measured.flatMap(({ pod: { metadata }, network }) => {
      const { name, [read]: bytes } = network?.defaultInterface ?? {}
      if (!name || !bytes) return []
      const labels = { interface: name, namespace: metadata.namespace!, pod: metadata.name }
      return [{ labels, value: bytes.value, time: network!.timestamp / 1e6 }]
    })
  return exposition([
    family(
      'container_cpu_usage_seconds_total',
      'Cumulative cpu time consumed in seconds.',
      [...container(({ cpu }) => cpu && seconds(cpu)), ...pod(({ cpu }) => cpu && seconds(cpu))],
      'counter',
    ),
    family(
      'container_memory_usage_bytes',
      'Current memory usage in bytes, including all memory regardless of when it was accessed',
      container(({ memory }) => memory?.usage),
    ),
    family(
      'container_memory_working_set_bytes',
      'Current working set in bytes.',
      container(({ memory }) => memory?.workingSet),
    ),
    family(
      'container_memory_rss',
      'Size of RSS in bytes.',
      container(({ memory }) => memory?.rss),
    ),
    family(
      'container_fs_usage_bytes',
      'Number of bytes that are consumed by the container on this filesystem.',
      container(({ rootfs }) => rootfs?.bytes),
    ),
    family(
      'container_processes',
      'Number of processes running inside the container.',
      pod(({ processes }) => processes),
    ),
    family(
      'container_network_receive_bytes_total',
      'Cumulative count of bytes received',
      network('rxBytes'),
      'counter',
    ),
    family(
      'container_network_transmit_bytes_total',
      'Cumulative count of bytes transmitted',
      network('txBytes'),
      'counter',
    ),
    family('machine_memory_bytes', 'Amount of memory installed on the machine.', [
      { value: context.memoryCapacity },
    ]),
  ])
}

type Read<T> = (usage: T) => number | string | undefined

const samplesOfContainers =
  (pods: PodUsage[]) =>
  (read: Read<ContainerUsage>): Sample[] =>
    pods.flatMap(({ pod: { metadata }, containers }) =>
      containers.flatMap(usage => {
        const value = Number(read(usage) || Number.NaN)
        if (Number.isNaN(value)) return []
        const labels = { container: usage.name, namespace: metadata.namespace!, pod: metadata.name }
        return [{ labels, value, time: usage.time }]
      }),
    )

const samplesOfPods =
  (pods: PodUsage[]) =>
  (read: Read<PodUsage>): Sample[] =>
    pods.flatMap(usage => {
      const value = read(usage)
      if (typeof value !== 'number') return []
      const { namespace, name } = usage.pod.metadata
      return [{ labels: { namespace: namespace!, pod: name }, value, time: usage.time }]
    })
