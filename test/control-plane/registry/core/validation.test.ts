import test from 'ava'
import { accepted, refused } from '../../../helpers/rules.ts'

const home = { name: 'x', namespace: 'default' }
const base64 = (text: string) => Buffer.from(text).toString('base64')

test(accepted, 'a ConfigMap', 'configmaps', { metadata: home, data: { 'a.b': 'c' } })
test(refused, 'a key that is no file name', 'configmaps', { metadata: home, data: { 'a b': 'c' } }, [
  "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
])
test(
  refused,
  'a ConfigMap of more than a MiB',
  'configmaps',
  { metadata: home, data: { a: 'x'.repeat(2 ** 20 + 1) } },
  '[]: Too long: may not be more than 1048576 bytes',
)
test(
  refused,
  'a change to what is fixed',
  'configmaps',
  { metadata: home, data: { a: '2' } },
  [
    'immutable: Forbidden: field is immutable when `immutable` is set',
    'data: Forbidden: field is immutable when `immutable` is set',
  ],
  { old: { metadata: home, immutable: true, data: { a: '1' } } },
)
test(refused, 'a TLS Secret without its key', 'secrets', { metadata: home, type: 'kubernetes.io/tls' }, [
  'data[tls.crt]: Required value',
  'data[tls.key]: Required value',
])
test(
  refused,
  'credentials of a registry that are no JSON',
  'secrets',
  {
    metadata: home,
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': base64('x') },
  },
  'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character \'x\' looking for beginning of value',
)
test(
  refused,
  'another type than before',
  'secrets',
  { metadata: home, type: 'b' },
  'type: Invalid value: "b": field is immutable',
  { old: { metadata: home, type: 'a' } },
)

const node = (spec: object) => ({ metadata: { name: 'n' }, spec })

test(accepted, 'a Node', 'nodes', node({ podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'] }))
test(
  refused,
  'a taint that does nothing',
  'nodes',
  node({ taints: [{ key: 'a', effect: 'X' }] }),
  'metadata.taints[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
)
test(
  refused,
  'another provider’s id',
  'nodes',
  node({ providerID: 'b' }),
  'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
  { old: node({ providerID: 'a' }) },
)

const quota = (hard: object, rest: object = {}) => ({ metadata: home, spec: { hard, ...rest } })

test(
  accepted,
  'a quota',
  'resourcequotas',
  quota({ 'requests.cpu': '4', pods: '10', 'count/jobs.batch': '1' }),
)
test(
  refused,
  'less than nothing',
  'resourcequotas',
  quota({ pods: '-1' }),
  'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0',
)
test(
  refused,
  'half of a Pod',
  'resourcequotas',
  quota({ pods: '500m' }),
  'spec.hard[pods]: Invalid value: "500m": must be an integer',
)
test(refused, 'a resource that is none', 'resourcequotas', quota({ foo: '1' }), [
  'spec.hard[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
  'spec.hard[foo]: Invalid value: "foo": must be a standard resource for quota',
])

const limit = (limits: object) => ({ metadata: home, spec: { limits: [limits] } })

test(accepted, 'limits', 'limitranges', limit({ type: 'Container', max: { cpu: '2' }, min: { cpu: '1' } }))
test(
  refused,
  'a least above the most',
  'limitranges',
  limit({ type: 'Container', max: { cpu: '1' }, min: { cpu: '2' } }),
  [
    'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
    'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
    'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
  ],
)
test(
  refused,
  'defaults of a whole Pod',
  'limitranges',
  limit({ type: 'Pod', default: { cpu: '1' } }),
  "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
)

const endpoints = (ip: string) => ({
  metadata: home,
  subsets: [{ addresses: [{ ip }], ports: [{ port: 80 }] }],
})

test(accepted, 'Endpoints', 'endpoints', endpoints('10.0.0.1'))
test(
  refused,
  'an endpoint at everybody’s own address',
  'endpoints',
  endpoints('127.0.0.1'),
  'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
)

const SLICES = 'endpointslices.discovery.k8s.io'
const slice = (rest: object) => ({ metadata: home, addressType: 'IPv4', endpoints: [], ...rest })

test(accepted, 'a slice', SLICES, slice({ endpoints: [{ addresses: ['10.0.0.1'] }] }))
test(
  refused,
  'an address of another family',
  SLICES,
  slice({ endpoints: [{ addresses: ['fd00::1'] }] }),
  'endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address',
)
test(
  refused,
  'another family than before',
  SLICES,
  slice({ addressType: 'IPv6' }),
  'addressType: Invalid value: "IPv6": field is immutable',
  { old: slice({}) },
)

test(
  refused,
  'a Namespace that says it goes and does not',
  'namespaces',
  { metadata: { name: 'n' }, spec: {}, status: { phase: 'Terminating' } },
  'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
  { old: { metadata: { name: 'n' }, spec: {} }, subresource: 'status' },
)

const LEASES = 'leases.coordination.k8s.io'
test(
  refused,
  'a lease for no time',
  LEASES,
  { metadata: home, spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } },
  [
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
  ],
)

const PRIORITIES = 'priorityclasses.scheduling.k8s.io'
const priority = (name: string, value: number) => ({ metadata: { name }, value })

test(accepted, 'the system’s own class', PRIORITIES, priority('system-node-critical', 2_000_001_000))
test(
  refused,
  'more than users may have',
  PRIORITIES,
  priority('p', 1_000_000_001),
  'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
)
test(
  refused,
  'a name of the system’s',
  PRIORITIES,
  priority('system-x', 1),
  "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-x is not a known system priority class",
)
test(
  refused,
  'another value than before',
  PRIORITIES,
  priority('p', 2),
  'value: Forbidden: may not be changed in an update.',
  { old: priority('p', 1) },
)
test(
  refused,
  'another handler than before',
  'runtimeclasses.node.k8s.io',
  { metadata: { name: 'r' }, handler: 'b' },
  'handler: Invalid value: "b": field is immutable',
  { old: { metadata: { name: 'r' }, handler: 'a' } },
)
