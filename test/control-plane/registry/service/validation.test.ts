import test from 'ava'
import { accepted, refused } from '../../../helpers/rules.ts'

const SERVICES = 'services'
const service = (spec: object = {}) => ({
  metadata: { name: 's', namespace: 'default' },
  spec: { selector: { app: 'a' }, ports: [{ port: 80 }], ...spec },
})

const NO_NAMES = [{ port: 80 }, { port: 443 }]

test(accepted, 'a plain Service', SERVICES, service())
test(accepted, 'a headless Service without ports', SERVICES, service({ clusterIP: 'None', ports: [] }))
test(accepted, 'an update that leaves out what was never given', SERVICES, service({}), {
  old: service({ clusterIP: '' }),
})
test(
  accepted,
  'another name',
  SERVICES,
  service({ type: 'ExternalName', externalName: 'example.com.', ports: undefined }),
)
test(refused, 'no ports', SERVICES, service({ ports: [] }), 'spec.ports: Required value')
test(refused, 'several ports without names', SERVICES, service({ ports: NO_NAMES }), [
  'spec.ports[0].name: Required value',
  'spec.ports[1].name: Required value',
])
test(refused, 'a name twice', SERVICES, service({ ports: NO_NAMES.map(port => ({ ...port, name: 'a' })) }), [
  'spec.ports[1].name: Duplicate value: "a"',
])
test(
  refused,
  'ports and protocols that are none',
  SERVICES,
  service({ ports: [{ port: 0, protocol: 'X', targetPort: 70_000 }] }),
  [
    'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    'spec.ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
    'spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ],
)
test(
  refused,
  'a type that is none',
  SERVICES,
  service({ type: 'X' }),
  'spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
)
test(refused, 'another name that is none', SERVICES, service({ type: 'ExternalName' }), [
  'spec.externalName: Required value',
])
test(
  refused,
  'no address at a node’s port',
  SERVICES,
  service({ type: 'NodePort', clusterIP: 'None' }),
  'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
)
test(
  refused,
  'a node port inside',
  SERVICES,
  service({ ports: [{ port: 80, nodePort: 30_080 }] }),
  "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
)
test(
  refused,
  'affinity for longer than a day',
  SERVICES,
  service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } } }),
  'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400',
)
test(
  refused,
  'what only balanced Services have',
  SERVICES,
  service({ loadBalancerSourceRanges: ['10.0.0.0/8'], loadBalancerClass: 'example.com/lb' }),
  [
    "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
    "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
  ],
)
test(
  refused,
  'addresses of outside that are nobody’s',
  SERVICES,
  service({ externalIPs: ['x', '127.0.0.1'] }),
  [
    'spec.externalIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    'spec.externalIPs[1]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
)
test(
  refused,
  'another address than before',
  SERVICES,
  service({ clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'] }),
  'spec.clusterIPs[0]: Invalid value: ["10.96.0.9"]: may not change once set',
  { old: service({ clusterIP: '10.96.0.8', clusterIPs: ['10.96.0.8'] }) },
)
