import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { ServicePortModel } from '../../plugins/proxy.ts'
import { familyOf } from './service-changes.ts'

/**
 * UDP has no connections, but conntrack has: a client that goes on sending from one port stays with the endpoint (or
 * the nothing) it had first, whatever the rules say since. These flows are deleted when their Service changes.
 */
export interface StaleFlows {
  /** Takes note of a batch. */
  update(changes: { full: boolean; set: ServicePortModel[]; removed: string[] }): void
  /** Deletes flows of the Services noted since the last call that go where they no longer should. Never fails. */
  clean(nodeAddresses: string[]): Promise<void>
}

/** One flow of the kernel's table, as far as needed to judge and to name it. */
export interface Flow {
  /** What the client sent to. */
  destination: string
  port: number
  /** Who answers: the endpoint, or the destination itself when nothing was translated. */
  endpoint: string
  endpointPort: number
}

const PROGRAM = '/usr/sbin/conntrack'
const DEADLINE = 10_000
const LARGEST_LISTING = 64 * 1024 * 1024
const call = promisify(execFile)

export function createStaleFlows(): StaleFlows {
  const known = new Map<string, ServicePortModel>()
  const changed: ServicePortModel[] = []
  return {
    update({ full, set, removed }) {
      const gone = full ? [] : removed.map(id => known.get(id)).filter(model => model !== undefined)
      if (full) known.clear()
      for (const { id } of gone) known.delete(id)
      const udp = set.filter(({ protocol }) => protocol === 'UDP')
      for (const model of udp) known.set(model.id, model)
      changed.push(...udp, ...gone.map(withoutEndpoints))
    },
    async clean(nodeAddresses) {
      const models = changed.splice(0)
      if (models.length === 0) return
      const families = new Set(models.map(({ family }) => family))
      for (const family of families) {
        const flows = await listUdpFlows(family === 'IPv6' ? 'ipv6' : 'ipv4')
        const stale = findStaleFlows(flows, models, nodeAddresses)
        for (const flow of stale) await deleteFlows(flow)
      }
    },
  }
}

const withoutEndpoints = (model: ServicePortModel): ServicePortModel => ({
  ...model,
  clusterEndpoints: [],
  localEndpoints: [],
})

/** Flows to the Services' addresses that are answered by something that is not one of their endpoints. */
export function findStaleFlows(flows: Flow[], models: ServicePortModel[], nodeAddresses: string[]): Flow[] {
  const allowed = new Map<string, Set<string>>()
  for (const model of models) {
    const endpoints = new Set(
      [...model.clusterEndpoints, ...model.localEndpoints].map(({ address, port }) => `${address} ${port}`),
    )
    for (const place of placesOf(model, nodeAddresses)) allowed.set(place, endpoints)
  }
  const stale = flows.filter(flow => {
    const endpoints = allowed.get(`${flow.destination} ${flow.port}`)
    return endpoints && !endpoints.has(`${flow.endpoint} ${flow.endpointPort}`)
  })
  return [...new Map(stale.map(flow => [JSON.stringify(flow), flow])).values()]
}

function placesOf(model: ServicePortModel, nodeAddresses: string[]): string[] {
  const addresses = [model.clusterIP, ...model.externalIPs, ...model.loadBalancerIPs]
  const places = addresses.map(address => `${address} ${model.port}`)
  if (model.nodePort !== undefined) {
    places.push(...nodeAddresses.map(address => `${address} ${model.nodePort}`))
  }
  return places
}

async function listUdpFlows(family: 'ipv4' | 'ipv6'): Promise<Flow[]> {
  const args = ['-L', '-f', family, '-p', 'udp']
  const options = { timeout: DEADLINE, maxBuffer: LARGEST_LISTING }
  const { stdout } = await call(PROGRAM, args, options).catch(() => ({ stdout: '' }))
  return parseFlows(stdout)
}

/** Lines like `udp 17 29 src=A dst=B sport=1 dport=2 src=C dst=D sport=3 dport=4 …`: the way there, then the way back. */
export function parseFlows(listing: string): Flow[] {
  return listing.split('\n').flatMap(line => {
    const [destination] = [...line.matchAll(/ dst=(\S+)/g)].map(match => match[1]!)
    const sources = [...line.matchAll(/ src=(\S+)/g)].map(match => match[1]!)
    const sourcePorts = [...line.matchAll(/ sport=(\d+)/g)].map(match => Number(match[1]))
    const port = Number(/ dport=(\d+)/.exec(line)?.[1])
    if (!destination || sources.length < 2 || sourcePorts.length < 2) return []
    return [{ destination, port, endpoint: sources[1]!, endpointPort: sourcePorts[1]! }]
  })
}

/** Exits with 1 when there is none any more. */
async function deleteFlows({ destination, port, endpoint, endpointPort }: Flow): Promise<void> {
  const family = familyOf(destination) === 'IPv6' ? 'ipv6' : 'ipv4'
  const there = ['--orig-dst', destination, '--orig-port-dst', String(port)]
  const back = ['--reply-src', endpoint, '--reply-port-src', String(endpointPort)]
  const args = ['-D', '-f', family, '-p', 'udp', ...there, ...back]
  await call(PROGRAM, args, { timeout: DEADLINE }).catch(() => {})
}
