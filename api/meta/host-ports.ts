/** A port of its node that a Pod's container has. */
interface HostPort {
  hostIP?: string
  hostPort?: number
  protocol?: string
}

interface PortOwner {
  spec: {
    containers: readonly { ports?: readonly HostPort[] }[]
    initContainers?: readonly { ports?: readonly HostPort[]; restartPolicy?: string }[]
  }
}

/** True when a Pod wants a port of its node that one of the others there has. */
export function hostPortsClash(pod: PortOwner, others: readonly PortOwner[]): boolean {
  const wanted = hostPorts(pod)
  if (wanted.length === 0) return false
  const taken = others.flatMap(hostPorts)
  return wanted.some(port => taken.some(other => isSame(port, other)))
}

/** Sidecars run beside the containers, and so do their ports. */
const hostPorts = ({ spec }: PortOwner): HostPort[] =>
  [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ]
    .flatMap(({ ports }) => ports ?? [])
    .filter(({ hostPort }) => hostPort)

const isAny = (ip?: string): boolean => !ip || ip === '0.0.0.0'

const isSame = (a: HostPort, b: HostPort): boolean =>
  a.hostPort === b.hostPort &&
  (a.protocol ?? 'TCP') === (b.protocol ?? 'TCP') &&
  (isAny(a.hostIP) || isAny(b.hostIP) || a.hostIP === b.hostIP)
