import { isDeepStrictEqual } from 'node:util'
import type { EndpointSlice, Service } from '../../api/kinds/types.ts'
import type { ServicePortModel } from '../../plugins/proxy.ts'
import { endpointsOfPort } from './endpoint-changes.ts'
import { servicePorts } from './service-changes.ts'
import { chooseEndpoints, type NodePlace } from './topology.ts'

/** Models of one Service by id. */
export type ServiceModels = Map<string, ServicePortModel>

/** What must hold on this node for one Service, as a proxy plugin is told it. */
export function serviceModels(service: Service, slices: EndpointSlice[], node: NodePlace): ServiceModels {
  const models: ServiceModels = new Map()
  for (const facts of servicePorts(service)) {
    const endpoints = endpointsOfPort(facts, slices, node.name)
    models.set(facts.id, { ...facts, ...chooseEndpoints(facts, endpoints, node) })
  }
  return models
}

/** What changed between two states of one Service. */
export function diffModels(
  old: ServiceModels,
  next: ServiceModels,
): { set: ServicePortModel[]; removed: string[] } {
  const set = [...next.values()].filter(model => !isDeepStrictEqual(old.get(model.id), model))
  const removed = [...old.keys()].filter(id => !next.has(id))
  return { set, removed }
}
