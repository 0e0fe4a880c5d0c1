import {
  duplicateValue,
  type FieldError,
  invalidValue,
  required as requiredError,
  tooMany,
} from '../../../api/meta/status.ts'
import { isDns1123Label, isDns1123Subdomain, isValidLabelValue } from '../../../api/meta/validation.ts'
import { ip, ipFamily, ordinaryIp } from '../rules/addresses.ts'
import {
  all,
  always,
  collect,
  each,
  FINE,
  fields,
  isEmpty,
  oneOf,
  type Rule,
  required,
  requiredOneOf,
  text,
  unchanged,
} from '../rules/check.ts'
import { label, portNumber, qualifiedName, subdomain } from '../rules/values.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

const address: Rule = all(
  fields({
    ip: always((value: string | undefined, path) => ip(value ?? '', path)),
    hostname: label,
    nodeName: subdomain,
  }),
  fields({ ip: ordinaryIp }),
)

const ports: Rule = (list: any[], path) =>
  collect(
    ...list.map((port, i) => {
      const at = `${path}[${i}]`
      return collect(
        list.length > 1 && !port.name && [requiredError(`${at}.name`, '')],
        fields({
          name: label,
          port: always((value: number | undefined, place) => portNumber(value ?? 0, place)),
          protocol: requiredOneOf(...PROTOCOLS),
          appProtocol: qualifiedName,
        })(port, at),
      )
    }),
  )

const subset: Rule = (value, path) => {
  const isBare = isEmpty(value.addresses) && isEmpty(value.notReadyAddresses)
  return collect(
    isBare && [requiredError(path, 'must specify `addresses` or `notReadyAddresses`')],
    fields({ addresses: each(address), notReadyAddresses: each(address), ports })(value, path),
  )
}

/** All that is wrong with Endpoints. */
export const endpointsFaults = ({ subsets = [] }: any): readonly FieldError[] =>
  each(subset)(subsets, 'subsets')

const MOST_ENDPOINTS = 1_000
const MOST_ADDRESSES = 100
const MOST_PORTS = 20_000
const MOST_TOPOLOGY = 16
const MOST_HINTS = 8
const FAMILIES: Record<string, 4 | 6> = { IPv4: 4, IPv6: 6 }
const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']

const addressOf =
  (type: string): Rule<string> =>
  (value, path) => {
    const family = FAMILIES[type]
    if (family) {
      const isOne = ipFamily(value) === family
      return collect(
        !isOne && [invalidValue(path, value, `must be a valid ${type} address`)],
        ordinaryIp(value, path),
      )
    }
    return type === 'FQDN' ? fullName(value, path) : FINE
  }

const fullName: Rule<string> = (value, path) => {
  if (value === '') return [requiredError(path, '')]
  const name = value.replace(/\.$/, '')
  const faults = isDns1123Subdomain(name)
  if (faults.length > 0) return [invalidValue(path, name, faults.join(','))]
  const parts = name.split('.')
  if (parts.length < 2) {
    return [invalidValue(path, name, 'should be a domain with at least two segments separated by dots')]
  }
  const long = parts.find(part => isDns1123Label(part).length > 0)
  return long ? [invalidValue(path, long, isDns1123Label(long).join(','))] : FINE
}

const hints: Rule = (names: { name: string }[], path) => {
  if (names.length > MOST_HINTS) return [tooMany(path, names.length, MOST_HINTS)]
  const seen = new Set<string>()
  return names.flatMap(({ name = '' }, i) => {
    const at = `${path}[${i}].name`
    const isRepeated = seen.has(name)
    seen.add(name)
    return collect(isRepeated && [duplicateValue(at, name)], text(isValidLabelValue)(name, at))
  })
}

const endpoint =
  (type: string): Rule =>
  (value, path) => {
    const { addresses = [], deprecatedTopology: topology } = value
    const at = `${path}.addresses`
    const size = Object.keys(topology ?? {}).length
    return collect(
      addresses.length === 0 && [requiredError(at, 'must contain at least 1 address')],
      addresses.length > MOST_ADDRESSES && [tooMany(at, addresses.length, MOST_ADDRESSES)],
      each(addressOf(type))(addresses, at),
      size > MOST_TOPOLOGY && [tooMany(`${path}.deprecatedTopology`, size, MOST_TOPOLOGY)],
      fields({
        nodeName: subdomain,
        hostname: label,
        hints: fields({ forZones: hints, forNodes: hints }),
      })(value, path),
    )
  }

const slicePorts: Rule = (list: any[], path) => {
  const names = new Set<string>()
  return list.flatMap((port, i) => {
    const at = `${path}[${i}]`
    const { name = '' } = port
    const isRepeated = names.has(name)
    names.add(name)
    return collect(
      name && label(name, `${at}.name`),
      isRepeated && [duplicateValue(`${at}.name`, name)],
      fields({ protocol: required(oneOf(...PROTOCOLS)), appProtocol: qualifiedName })(port, at),
    )
  })
}

/** All that is wrong with an EndpointSlice; the type of its addresses is fixed. */
export function endpointSliceFaults(slice: any, old: any): readonly FieldError[] {
  const { addressType = '' } = slice
  const endpoints: any[] = slice.endpoints ?? []
  const list: any[] = slice.ports ?? []
  return collect(
    required(oneOf(...ADDRESS_TYPES))(addressType, 'addressType'),
    endpoints.length > MOST_ENDPOINTS
      ? [tooMany('endpoints', endpoints.length, MOST_ENDPOINTS)]
      : each(endpoint(addressType))(endpoints, 'endpoints'),
    list.length > MOST_PORTS ? [tooMany('ports', list.length, MOST_PORTS)] : slicePorts(list, 'ports'),
    old && unchanged('addressType', addressType, old.addressType),
  )
}
