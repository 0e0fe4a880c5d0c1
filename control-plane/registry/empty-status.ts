const NODE_INFO = [
  'machineID',
  'systemUUID',
  'bootID',
  'kernelVersion',
  'osImage',
  'containerRuntimeVersion',
  'kubeletVersion',
  'kubeProxyVersion',
  'operatingSystem',
  'architecture',
]

const SCHEDULED = ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady']
const HEALTHY = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods']

const zeros = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map(name => [name, 0]))

/** What upstream always writes of a status, by resource: all else is left out where it says nothing. */
const ALWAYS: Record<string, object> = {
  replicationcontrollers: zeros(['replicas']),
  'replicasets.apps': zeros(['replicas']),
  'statefulsets.apps': zeros(['replicas', 'availableReplicas']),
  'daemonsets.apps': zeros(SCHEDULED),
  'poddisruptionbudgets.policy': zeros(HEALTHY),
  'horizontalpodautoscalers.autoscaling': { currentMetrics: null, desiredReplicas: 0 },
  'volumeattachments.storage.k8s.io': { attached: false },
  services: { loadBalancer: {} },
  'ingresses.networking.k8s.io': { loadBalancer: {} },
}

/** The status of a new object of which nothing is known. */
export const emptyStatus = (resource: string): object => structuredClone(ALWAYS[resource] ?? {})

/** Fills in what upstream always writes of a Node's status. */
export function fillNodeStatus(node: { status?: any }): void {
  node.status ??= {}
  const { status } = node
  status.daemonEndpoints ??= {}
  status.daemonEndpoints.kubeletEndpoint ??= {}
  status.daemonEndpoints.kubeletEndpoint.Port ??= 0
  status.nodeInfo ??= {}
  for (const name of NODE_INFO) status.nodeInfo[name] ??= ''
}
