import type { EndpointSlice, Service } from '../../../../api/kinds/types.ts'
import { serviceOfSlice } from '../../../proxy/endpoint-changes.ts'
import { canonicalAddress } from '../../wire/names.ts'
import { type Directory, isReady } from './directory.ts'
import { endpointName, type FindOptions, isShown } from './find.ts'

/** The names of an address: that of its Service, or those of the endpoints that have it. */
export function findNames(directory: Directory, address: string, options: FindOptions): string[] {
  const wanted = canonicalAddress(address)
  const services = directory
    .servicesByAddress(wanted)
    .filter(service => isVisible(service, directory, options))
  if (services.length > 0) {
    return services.map(({ metadata }) => `${metadata.name}.${metadata.namespace}.svc.${options.zone}`)
  }
  const slices = directory.slicesByAddress(wanted).filter(slice => isVisible(slice, directory, options))
  return [...new Set(slices.flatMap(slice => namesInSlice(slice, wanted, options)))]
}

function isVisible(
  { metadata }: Service | EndpointSlice,
  directory: Directory,
  options: FindOptions,
): boolean {
  return isShown(directory, metadata.namespace ?? '', options)
}

function namesInSlice(slice: EndpointSlice, wanted: string, options: FindOptions): string[] {
  const [namespace, service] = serviceOfSlice(slice)?.split('/') ?? []
  if (!namespace || !service) return []
  return (slice.endpoints ?? []).flatMap(endpoint =>
    endpoint.addresses
      .filter(address => isReady(endpoint) && canonicalAddress(address) === wanted)
      .map(
        address => `${endpointName(endpoint, address, options)}.${service}.${namespace}.svc.${options.zone}`,
      ),
  )
}
