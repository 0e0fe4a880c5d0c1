import { randomInt } from 'node:crypto'
import type { Client } from '../../api/client/client.ts'
import { configMaps } from '../../api/kinds/core.ts'
import type { Service } from '../../api/kinds/types.ts'
import { internalError, invalid, invalidValue } from '../../api/meta/status.ts'
import type { AdmissionAttributes } from '../../plugins/admission.ts'
import { needsHealthCheck } from '../registry/service/validate.ts'
import { ignoreNotFound, take } from './allocation.ts'

const SERVICE = { group: '', kind: 'Service' }
const FIRST_NODE_PORT = 30_000
const LAST_NODE_PORT = 32_767
const PORT_LOCKS = 'kube-system'
const MOST_TRIES = 64
const OUT_OF_RANGE = `provided port is not in the valid range. The range of valid ports is ${FIRST_NODE_PORT}-${LAST_NODE_PORT}`

/** Who takes ports, for which write of which Service. */
interface Taker {
  client: Client
  attributes: AdmissionAttributes
  service: Service
}

/**
 * Gives a Service the node ports it needs, and the port for health checks of its nodes. A port is taken by making a
 * ConfigMap of its number: whoever makes it first has it, with any number of API servers.
 * @throws Invalid (422) for a port that somebody else has, or that is out of range
 */
export async function assignNodePorts(
  client: Client,
  attributes: AdmissionAttributes,
  service: Service,
  old: Service | undefined,
): Promise<void> {
  const taker = { client, attributes, service }
  const { type } = service.spec
  if (type === 'NodePort' || type === 'LoadBalancer') {
    await (old ? takeNewPorts(taker, old) : takePorts(taker))
  }
  if (needsHealthCheck(service.spec) && !(old && needsHealthCheck(old.spec))) await takeHealthCheckPort(taker)
}

/** All ports that the Service holds. */
export const heldNodePorts = ({ spec }: Service): Set<number> =>
  new Set(
    [...(spec.ports ?? []).map(({ nodePort }) => nodePort), spec.healthCheckNodePort].filter(
      Boolean,
    ) as number[],
  )

/** Gives ports back. */
export async function freeNodePorts(client: Client, ports: Iterable<number>): Promise<void> {
  for (const port of ports) await freePort(client, port)
}

const isAllocated = ({ spec }: Service): boolean => spec.allocateLoadBalancerNodePorts !== false

/** For a new Service. Protocols that share a port share its node port, unless it says another for one of them. */
async function takePorts(taker: Taker): Promise<void> {
  const ports = taker.service.spec.ports ?? []
  const given = new Map<number, number>()
  for (const [i, port] of ports.entries()) {
    if (!port.nodePort && !isAllocated(taker.service)) continue
    const shared = given.get(port.port)
    if (shared !== undefined) {
      port.nodePort ||= shared
      if (port.nodePort !== shared) await takeWanted(taker, port.nodePort, i)
      continue
    }
    const wanted = ports.find(other => other.port === port.port && other.nodePort)?.nodePort
    if (wanted) await takeWanted(taker, wanted, i)
    port.nodePort = wanted ?? (await takeAny(taker, 'a nodePort'))
    given.set(port.port, port.nodePort)
  }
}

/** For a changed Service: those that it did not have. */
async function takeNewPorts(taker: Taker, old: Service): Promise<void> {
  const held = heldNodePorts(old)
  for (const [i, port] of (taker.service.spec.ports ?? []).entries()) {
    if (!port.nodePort && isAllocated(taker.service)) port.nodePort = await takeAny(taker, 'a nodePort')
    else if (port.nodePort && !held.has(port.nodePort)) await takeWanted(taker, port.nodePort, i)
    if (port.nodePort) held.add(port.nodePort)
  }
}

async function takeHealthCheckPort(taker: Taker): Promise<void> {
  const { spec } = taker.service
  const wanted = spec.healthCheckNodePort
  if (!wanted) {
    spec.healthCheckNodePort = await takeAny(taker, 'a HealthCheck NodePort 0')
    return
  }
  const fault = await takeFault(taker, wanted)
  if (fault) throw internalError(`failed to allocate requested HealthCheck NodePort ${wanted}: ${fault}`)
}

async function takeWanted(taker: Taker, port: number, index: number): Promise<void> {
  const fault = await takeFault(taker, port)
  if (!fault) return
  throw invalid(SERVICE, taker.service.metadata.name, [
    invalidValue(`spec.ports[${index}].nodePort`, port, fault),
  ])
}

/** Takes a port, or tells why that is not possible. */
async function takeFault(taker: Taker, port: number): Promise<string | undefined> {
  if (port < FIRST_NODE_PORT || port > LAST_NODE_PORT) return OUT_OF_RANGE
  return (await takePort(taker, port)) ? undefined : 'provided port is already allocated'
}

async function takeAny(taker: Taker, what: string): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const port = randomInt(FIRST_NODE_PORT, LAST_NODE_PORT + 1)
    if (await takePort(taker, port)) return port
  }
  throw internalError(`failed to allocate ${what}: range is full`)
}

const lockName = (port: number): string => `node-port-${port}`

async function takePort(
  { client, attributes, service: { metadata } }: Taker,
  port: number,
): Promise<boolean> {
  if (attributes.dryRun) return true
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: lockName(port),
      namespace: PORT_LOCKS,
      labels: { 'skiff.dev/node-port': String(port) },
    },
    data: { service: `${metadata.namespace}/${metadata.name}` },
  }
  const taken = await take(() => client.create(configMaps, object as never))
  if (taken) attributes.onFailure(() => freePort(client, port))
  return taken
}

const freePort = (client: Client, port: number): Promise<void> =>
  client.delete(configMaps, { name: lockName(port), namespace: PORT_LOCKS }).catch(ignoreNotFound)
