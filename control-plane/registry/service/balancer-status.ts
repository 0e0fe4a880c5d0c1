import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../api/meta/status.ts'
import { ip, ipFamily } from '../rules/addresses.ts'
import { collect, FINE, type Rule } from '../rules/check.ts'
import { subdomain } from '../rules/values.ts'

const AT = 'status.loadBalancer.ingress'
const MODES = ['Proxy', 'VIP']

const hostname: Rule<string> = (name, path) =>
  collect(
    subdomain(name, path),
    ipFamily(name) && [invalidValue(path, name, 'must be a DNS name, not an IP address')],
  )

const ingressOf = ({ status }: any): any[] => status?.loadBalancer?.ingress ?? []

/** Addresses that were there before stay, whatever they are. */
function placeFaults(ingress: any[], old: any, more: Rule): readonly FieldError[] {
  const known = new Set(ingressOf(old ?? {}).map(({ ip: address }) => address))
  return collect(
    ...ingress.flatMap((given, i) => {
      const path = `${AT}[${i}]`
      return [
        given.ip && !known.has(given.ip) ? ip(given.ip, `${path}.ip`) : FINE,
        more(given, path),
        given.hostname ? hostname(given.hostname, `${path}.hostname`) : FINE,
      ]
    }),
  )
}

const mode: Rule = ({ ip: address, ipMode }, path) => {
  const at = `${path}.ipMode`
  if (ipMode === undefined) return address ? [required(at, 'must be specified when `ip` is set')] : FINE
  if (!address) return [forbiddenField(at, 'may not be specified when `ip` is not set')]
  return MODES.includes(ipMode) ? FINE : [notSupported(at, ipMode, MODES)]
}

/** Where a Service can be reached from outside, as its load balancer tells. */
export function serviceStatusFaults(service: any, old: any): readonly FieldError[] {
  const ingress = ingressOf(service)
  if (service.spec.type !== 'LoadBalancer') {
    const detail = "may only be used when `spec.type` is 'LoadBalancer'"
    return ingress.length > 0 ? [forbiddenField(AT, detail)] : FINE
  }
  return placeFaults(ingress, old, mode)
}

/** The same of an Ingress. */
export const ingressStatusFaults = (ingress: any, old: any): readonly FieldError[] =>
  placeFaults(ingressOf(ingress), old, () => FINE)
