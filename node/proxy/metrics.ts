import { Counter, Histogram, Registry } from 'prom-client'

/** Measurements of the proxy, under the names kube-proxy gives them. */
export interface ProxyMetrics {
  registry: Registry
  /** Seconds from the first change of a batch until it holds. */
  synced(seconds: number, changes: number): void
  failed(): void
}

export function createProxyMetrics(): ProxyMetrics {
  const registry = new Registry()
  const registers = [registry]
  const duration = new Histogram({
    name: 'kubeproxy_sync_proxy_rules_duration_seconds',
    help: 'Seconds from a change of a Service or its endpoints until it holds on the node',
    buckets: [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 4, 16],
    registers,
  })
  const changes = new Counter({
    name: 'kubeproxy_sync_proxy_rules_service_changes_total',
    help: 'Service ports that were set or removed',
    registers,
  })
  const failures = new Counter({
    name: 'kubeproxy_sync_proxy_rules_sync_failures_total',
    help: 'Batches of changes that could not be applied',
    registers,
  })
  return {
    registry,
    synced(seconds, count) {
      duration.observe(seconds)
      changes.inc(count)
    },
    failed: () => failures.inc(),
  }
}
