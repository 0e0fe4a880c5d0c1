import test from 'ava'
import { accepted, refused } from '../../../helpers/rules.ts'

const ADDRESSES = 'ipaddresses.networking.k8s.io'
const parentRef = { resource: 'services', name: 's', namespace: 'n' }
const address = (name: string, spec: object = { parentRef }) => ({ metadata: { name }, spec })
test(accepted, 'an address', ADDRESSES, address('10.0.0.1'))
test(accepted, 'an address of IPv6', ADDRESSES, address('2001:db8::1'))

const NAMES: [name: string, why: string][] = [
  ['x', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  ['010.0.0.1', 'must not have leading 0s'],
  ['::ffff:10.0.0.1', 'must not be an IPv4-mapped IPv6 address'],
  ['2001:DB8::1', 'must be in canonical form ("2001:db8::1")'],
]
for (const [name, why] of NAMES) {
  test(
    refused,
    `the address ${name}`,
    ADDRESSES,
    address(name),
    `metadata.name: Invalid value: "${name}": ${why}`,
  )
}
test(refused, 'nobody’s address', ADDRESSES, address('10.0.0.1', {}), 'spec.parentRef: Required value')
test(
  refused,
  'an address of nothing',
  ADDRESSES,
  address('10.0.0.1', { parentRef: { group: 'a_b', name: 'a/b' } }),
  [
    "spec.parentRef.group: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    'spec.parentRef.resource: Required value',
    'spec.parentRef.name: Invalid value: "a/b": may not contain \'/\'',
  ],
)
test(
  refused,
  'an address that changes hands',
  ADDRESSES,
  address('10.0.0.1', { parentRef: { ...parentRef, name: 't' } }),
  'spec.parentRef: Invalid value: {"resource":"services","name":"t","namespace":"n"}: field is immutable',
  { old: address('10.0.0.1') },
)

const RANGES = 'servicecidrs.networking.k8s.io'
const ranges = (...cidrs: string[]) => ({ metadata: { name: 'r' }, spec: { cidrs } })
test(accepted, 'two ranges', RANGES, ranges('10.0.0.0/8', '2001:db8::/64'))
test(accepted, 'a second range', RANGES, ranges('10.0.0.0/8', '2001:db8::/64'), { old: ranges('10.0.0.0/8') })
test(refused, 'no range', RANGES, ranges(), 'spec.cidrs: Required value: at least one CIDR required')
test(refused, 'odd ranges', RANGES, ranges('10.0.0.1/8', '010.0.0.0/8'), [
  'spec.cidrs[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
  'spec.cidrs[1]: Invalid value: "010.0.0.0/8": must not have leading 0s in IP or prefix length',
  'spec.cidrs: Invalid value: ["10.0.0.1/8","010.0.0.0/8"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
])
test(refused, 'three ranges', RANGES, ranges('10.0.0.0/8', '2001:db8::/64', '11.0.0.0/8'), [
  'spec.cidrs: Invalid value: {"cidrs":["10.0.0.0/8","2001:db8::/64","11.0.0.0/8"]}: may only hold up to 2 values',
])
test(
  refused,
  'another range',
  RANGES,
  ranges('11.0.0.0/8'),
  'spec.cidrs[0]: Invalid value: "11.0.0.0/8": field is immutable',
  { old: ranges('10.0.0.0/8') },
)
