import type { Client } from '../api/client/client.ts'
import { services } from '../api/kinds/core.ts'
import { createMissing } from './create-missing.ts'

export const CLUSTER_DNS = '10.96.0.10'

/**
 * The Service that reserves the cluster DNS address. It has no selector: every node answers the address itself (see
 * docs/architecture.md, "DNS").
 */
const dnsService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'kube-dns',
    namespace: 'kube-system',
    labels: {
      'k8s-app': 'kube-dns',
      'kubernetes.io/cluster-service': 'true',
      'kubernetes.io/name': 'CoreDNS',
    },
  },
  spec: {
    clusterIP: CLUSTER_DNS,
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
      { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
      { name: 'metrics', port: 9153, protocol: 'TCP', targetPort: 9153 },
    ],
  },
}

/** Objects every cluster of the lab has beyond what the API server makes itself. */
export async function installAddOns(client: Client): Promise<void> {
  await createMissing(client, services, dnsService)
}
