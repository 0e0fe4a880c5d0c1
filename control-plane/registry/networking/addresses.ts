import { type FieldError, invalidValue, required as requiredError } from '../../../api/meta/status.ts'
import { parseCidr, strictAddressFaults, strictNetwork } from '../rules/addresses.ts'
import { collect, each, FINE, fields, IMMUTABLE, required, unchanged } from '../rules/check.ts'
import { pathSegment, subdomain } from '../rules/values.ts'

const parent = fields({
  group: subdomain,
  resource: required(pathSegment),
  name: required(pathSegment),
  namespace: pathSegment,
})

/** All that is wrong with an IPAddress, which is called by its address; whose it is is fixed. */
export function ipAddressFaults({ metadata, spec = {} }: any, old: any): readonly FieldError[] {
  if (old) return unchanged('spec.parentRef', spec.parentRef, old.spec?.parentRef)
  return collect(
    strictAddressFaults(metadata.name ?? '').map(detail =>
      invalidValue('metadata.name', metadata.name, detail),
    ),
    spec.parentRef ? parent(spec.parentRef, 'spec.parentRef') : [requiredError('spec.parentRef', '')],
  )
}

const AT = 'spec.cidrs'
const ranges = each(strictNetwork)

/** All that is wrong with a ServiceCIDR: to one range a second one, of the other family, can be added. */
export function serviceRangeFaults({ spec = {} }: any, old: any, subresource: string): readonly FieldError[] {
  if (subresource !== '') return FINE
  const cidrs: string[] = spec.cidrs ?? []
  if (!old) return specFaults(cidrs, spec)
  const before: string[] = old.spec?.cidrs ?? []
  const changed = before.flatMap((range, i) =>
    cidrs[i] === range ? [] : [invalidValue(`${AT}[${i}]`, cidrs[i] ?? '', IMMUTABLE)],
  )
  if (cidrs.length === before.length) return changed
  if (before.length === 1 && cidrs.length === 2) return collect(changed, specFaults(cidrs, spec))
  return [invalidValue(AT, cidrs, IMMUTABLE)]
}

function specFaults(cidrs: string[], spec: object): readonly FieldError[] {
  if (cidrs.length === 0) return [requiredError(AT, 'at least one CIDR required')]
  if (cidrs.length > 2) return [invalidValue(AT, spec, 'may only hold up to 2 values')]
  const [first, second] = cidrs.map(range => parseCidr(range)?.family)
  const isAlike = cidrs.length === 2 && first !== undefined && first === second
  const detail = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'
  return collect(ranges(cidrs, AT), isAlike && [invalidValue(AT, cidrs, detail)])
}
