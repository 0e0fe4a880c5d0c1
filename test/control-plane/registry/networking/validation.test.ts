import test from 'ava'
import { accepted, refused } from '../../../helpers/rules.ts'

const INGRESSES = 'ingresses.networking.k8s.io'
const backend = { service: { name: 'web', port: { number: 80 } } }
const ingress = (spec: object) => ({ metadata: { name: 'i', namespace: 'default' }, spec })
const path = (given: object) =>
  ingress({ rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend, ...given }] } }] })

test(accepted, 'an Ingress with a rule', INGRESSES, path({}))
test(
  refused,
  'an Ingress to nowhere',
  INGRESSES,
  ingress({}),
  'spec: Invalid value: []: either `defaultBackend` or `rules` must be specified',
)
test(
  refused,
  'no type of path',
  INGRESSES,
  path({ pathType: undefined }),
  'spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified',
)
test(refused, 'a path that is relative and steps back', INGRESSES, path({ path: 'a//b/..' }), [
  'spec.rules[0].http.paths[0].path: Invalid value: "a//b/..": must be an absolute path',
  'spec.rules[0].http.paths[0].path: Invalid value: "a//b/..": must not contain \'//\'',
  'spec.rules[0].http.paths[0].path: Invalid value: "a//b/..": cannot end with \'/..\'',
])
test(refused, 'a backend of no port and of two', INGRESSES, path({ backend: { service: { name: 'web' } } }), [
  'spec.rules[0].http.paths[0].backend: Required value: port name or number is required',
])
test(
  refused,
  'both a resource and a service',
  INGRESSES,
  ingress({ defaultBackend: { ...backend, resource: { kind: 'A', name: 'b' } } }),
  'spec.defaultBackend: Invalid value: "": cannot set both resource and service backends',
)
test(
  refused,
  'an address for a host',
  INGRESSES,
  ingress({ rules: [{ host: '10.0.0.1' }] }),
  'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
)

const CLASSES = 'ingressclasses.networking.k8s.io'
const ofClass = (controller: string) => ({ metadata: { name: 'c' }, spec: { controller } })

test(accepted, 'a class of a controller', CLASSES, ofClass('example.com/ingress'))
test(
  refused,
  'a controller without a domain',
  CLASSES,
  ofClass('ingress'),
  'spec.controller: Invalid value: "ingress": must be a domain-prefixed path (such as "acme.io/foo")',
)
test(
  refused,
  'another controller than before',
  CLASSES,
  ofClass('example.com/b'),
  'spec.controller: Invalid value: "example.com/b": field is immutable',
  { old: ofClass('example.com/a') },
)

const POLICIES = 'networkpolicies.networking.k8s.io'
const policy = (spec: object) => ({
  metadata: { name: 'p', namespace: 'default' },
  spec: { podSelector: {}, ...spec },
})
const from = (peer: object) => policy({ ingress: [{ from: [peer] }] })

test(accepted, 'a policy that denies all', POLICIES, policy({ policyTypes: ['Ingress', 'Egress'] }))
test(
  accepted,
  'a block with a hole',
  POLICIES,
  from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }),
)
test(
  refused,
  'a peer that is nobody',
  POLICIES,
  from({}),
  'spec.ingress[0].from[0]: Required value: must specify a peer',
)
test(
  refused,
  'a block and Pods at once',
  POLICIES,
  from({ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }),
  'spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer',
)
test(
  refused,
  'a hole outside of its block',
  POLICIES,
  from({ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }),
  'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
)
test(
  refused,
  'a last port without a first, below it',
  POLICIES,
  policy({ ingress: [{ ports: [{ endPort: 5 }, { port: 80, endPort: 79 }, { port: 'web', endPort: 5 }] }] }),
  [
    'spec.ingress[0].ports[0].endPort: Invalid value: 5: may not be specified when `port` is not specified',
    'spec.ingress[0].ports[1].endPort: Invalid value: 79: must be greater than or equal to `port`',
    'spec.ingress[0].ports[2].endPort: Invalid value: 5: may not be specified when `port` is non-numeric',
  ],
)
test(
  refused,
  'a direction that is none',
  POLICIES,
  policy({ policyTypes: ['X'] }),
  'spec.policyTypes[0]: Unsupported value: "X": supported values: "Ingress", "Egress"',
)
