import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { cidr, isStrictSubset, parseCidr } from '../rules/addresses.ts'
import { collect, each, FINE, fields, oneOf, type Rule } from '../rules/check.ts'
import { labelSelector } from '../rules/labels.ts'
import { portNumber, portNumberOrName } from '../rules/values.ts'

const PROTOCOLS = ['TCP', 'UDP', 'SCTP']
const TYPES = ['Ingress', 'Egress']

const port: Rule = ({ protocol, port: wanted, endPort }, path) => {
  const end = (detail: string): FieldError[] => [invalidValue(`${path}.endPort`, endPort, detail)]
  const hasEnd = endPort !== undefined
  return collect(
    protocol && oneOf(...PROTOCOLS)(protocol, `${path}.protocol`),
    wanted === undefined && hasEnd && end('may not be specified when `port` is not specified'),
    typeof wanted === 'string' && hasEnd && end('may not be specified when `port` is non-numeric'),
    wanted !== undefined && portNumberOrName(wanted, `${path}.port`),
    typeof wanted === 'number' &&
      hasEnd &&
      endPort < wanted &&
      end('must be greater than or equal to `port`'),
    typeof wanted === 'number' && hasEnd && portNumber(endPort, `${path}.endPort`),
  )
}

const block: Rule = ({ cidr: whole, except = [] }, path) => {
  if (!whole) return [requiredError(`${path}.cidr`, '')]
  const faults = cidr(whole, `${path}.cidr`)
  if (faults.length > 0) return faults
  return except.flatMap((part: string, i: number) => {
    const at = `${path}.except[${i}]`
    if (!parseCidr(part)) return [...cidr(part, at)]
    return isStrictSubset(part, whole) ? [] : [invalidValue(at, part, 'must be a strict subset of `cidr`')]
  })
}

const parts = fields({ podSelector: labelSelector, namespaceSelector: labelSelector, ipBlock: block })

const peer: Rule = (value, path) => {
  const { podSelector, namespaceSelector, ipBlock } = value
  const others = podSelector || namespaceSelector
  return collect(
    parts(value, path),
    !ipBlock && !others && [requiredError(path, 'must specify a peer')],
    ipBlock && others && [forbiddenField(path, 'may not specify both ipBlock and another peer')],
  )
}

const policyTypes: Rule<string[]> = (types, path) => {
  if (types.length > TYPES.length) {
    return [invalidValue(path, types, 'may not specify more than two policyTypes')]
  }
  return types.flatMap((type, i) =>
    TYPES.includes(type) ? [] : [notSupported(`${path}[${i}]`, type, TYPES)],
  )
}

const rules = fields({
  podSelector: labelSelector,
  ingress: each(fields({ ports: each(port), from: each(peer) })),
  egress: each(fields({ ports: each(port), to: each(peer) })),
  policyTypes,
})

/** All that is wrong with a NetworkPolicy. */
export const networkPolicyFaults = ({ spec }: any): readonly FieldError[] => rules(spec, 'spec') ?? FINE
