import test from 'ava'
import { loadCel } from '../../../../control-plane/cel/lazy.ts'
import { accepted, faultsOf, prepared, refused } from '../../../helpers/rules.ts'

test.before(loadCel)

const CLAIMS = 'resourceclaims.resource.k8s.io'
const claim = (devices: object, status?: object) => ({
  metadata: { name: 'c' },
  spec: { devices },
  ...(status && { status }),
})
const gpu = (more: object = {}) => ({ name: 'gpu', exactly: { deviceClassName: 'gpus', ...more } })
const UNKNOWN =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

test(
  accepted,
  'a claim',
  CLAIMS,
  claim({
    requests: [
      gpu({ selectors: [{ cel: { expression: 'true' } }] }),
      { name: 'any', firstAvailable: [{ name: 'big', deviceClassName: 'gpus' }] },
    ],
    constraints: [{ requests: ['gpu', 'any/big'], matchAttribute: 'example.com/numa' }],
    config: [{ opaque: { driver: 'gpu.example.com', parameters: { a: 1 } } }],
  }),
)
test(
  refused,
  'requests of no form',
  CLAIMS,
  claim({
    requests: [
      gpu({ deviceClassName: '', allocationMode: 'All', count: 2, selectors: [{}] }),
      gpu({ allocationMode: 'Some', tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] }),
      { name: 'none' },
      {
        name: 'both',
        exactly: { deviceClassName: 'a' },
        firstAvailable: [{ name: 'a', deviceClassName: 'b' }],
      },
    ],
  }),
  [
    'spec.devices.requests[0].exactly.deviceClassName: Required value',
    'spec.devices.requests[0].exactly.selectors[0].cel: Required value',
    "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
    'spec.devices.requests[1].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"',
    'spec.devices.requests[1].exactly.tolerations[0].value: Invalid value: "b": must be empty for operator `Exists`',
    'spec.devices.requests[2]: Required value: exactly one of `exactly` or `firstAvailable` is required',
    'spec.devices.requests[3]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
    'spec.devices.requests[1].name: Duplicate value: "gpu"',
  ],
)
test(
  refused,
  'what is said of requests that are not there',
  CLAIMS,
  claim({
    requests: [gpu()],
    constraints: [{ requests: ['cpu'] }, { requests: ['gpu'], matchAttribute: 'numa' }],
    config: [{ requests: ['gpu/big'] }, { opaque: { driver: 'd', parameters: [] } }],
  }),
  [
    `spec.devices.constraints[0].requests[0]: Invalid value: "cpu": ${UNKNOWN}`,
    'spec.devices.constraints[0].matchAttribute: Required value',
    'spec.devices.constraints[1].matchAttribute: Invalid value: "numa": must include a domain',
    `spec.devices.config[0].requests[0]: Invalid value: "gpu/big": ${UNKNOWN}`,
    'spec.devices.config[0].opaque: Required value',
    'spec.devices.config[1].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
  ],
)
test(
  refused,
  'too many requests',
  CLAIMS,
  claim({ requests: Array.from({ length: 33 }, (_, i) => ({ ...gpu(), name: `r${i}` })) }),
  'spec.devices.requests: Too many: 33: must have at most 32 items',
)
test(
  refused,
  'a claim that wants something else',
  CLAIMS,
  claim({}),
  'spec: Invalid value: {"devices":{}}: field is immutable',
  { old: claim({ requests: [gpu()] }) },
)

const result = { request: 'gpu', driver: 'gpu.example.com', pool: 'n1', device: 'd0' }
const allocated = { allocation: { devices: { results: [result] } } }
test(accepted, 'what a claim got', CLAIMS, claim({ requests: [gpu()] }, allocated), {
  old: claim({ requests: [gpu()] }, {}),
  subresource: 'status',
})
test(
  refused,
  'users of nothing, and what was got for no request',
  CLAIMS,
  claim({ requests: [gpu()] }, { reservedFor: [{ resource: 'pods' }] }),
  [
    'status.reservedFor[0].name: Required value',
    'status.reservedFor[0].uid: Required value',
    'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
  ],
  { old: claim({ requests: [gpu()] }, {}), subresource: 'status' },
)
test(
  refused,
  'other devices than those there are',
  CLAIMS,
  claim({ requests: [gpu()] }, { allocation: { devices: { results: [] } } }),
  'status.allocation: Invalid value: {"devices":{"results":[]}}: field is immutable',
  { old: claim({ requests: [gpu()] }, allocated), subresource: 'status' },
)

test(
  refused,
  'a template that changes',
  'resourceclaimtemplates.resource.k8s.io',
  { metadata: { name: 't' }, spec: { spec: { devices: { requests: [gpu()] } } } },
  'spec: Invalid value: {"spec":{"devices":{"requests":[{"name":"gpu","exactly":{"deviceClassName":"gpus","allocationMode":"ExactCount","count":1}}]}}}: field is immutable',
  { old: { metadata: { name: 't' }, spec: { spec: { devices: {} } } } },
)
test(
  refused,
  'a class without an expression; its name as a resource is not kept',
  'deviceclasses.resource.k8s.io',
  { metadata: { name: 'c' }, spec: { selectors: [{}], extendedResourceName: 'cpu' } },
  ['spec.selectors[0].cel: Required value'],
)

const SLICES = 'resourceslices.resource.k8s.io'
const slice = (spec: object) => ({
  metadata: { name: 's' },
  spec: { driver: 'gpu.example.com', pool: { name: 'n1', resourceSliceCount: 1 }, ...spec },
})
const device = (more: object = {}) => ({ name: 'd0', ...more })
test(
  accepted,
  'devices of a node',
  SLICES,
  slice({
    nodeName: 'n1',
    devices: [
      device({
        attributes: { model: { string: 'a100' }, 'example.com/version': { version: '1.2.3-a+b' } },
        capacity: { memory: { value: '40Gi' } },
      }),
    ],
  }),
)
test(refused, 'devices of nowhere', SLICES, slice({ pool: { name: '', resourceSliceCount: 0 } }), [
  'spec.pool.name: Required value',
  'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
  'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required',
])
test(
  refused,
  'devices of several places, told of badly',
  SLICES,
  slice({
    nodeName: 'n1',
    allNodes: true,
    devices: [
      device({
        nodeName: 'n1',
        attributes: { '1a': { string: 'x' }, b: {}, c: { int: 1, bool: true }, d: { version: 'v1' } },
        capacity: { m: { value: '1', requestPolicy: {} } },
        consumesCounters: [{}],
      }),
      device(),
    ],
  }),
  [
    'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
    "spec.devices[0].attributes[1a]: Invalid value: \"1a\": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')",
    'spec.devices[0].attributes[b]: Required value: exactly one value must be specified',
    'spec.devices[0].attributes[c]: Invalid value: {"IntValue":1,"BoolValue":true,"StringValue":null,"VersionValue":null}: exactly one value must be specified',
    'spec.devices[0].attributes[d].version: Invalid value: "v1": must be a string compatible with semver.org spec 2.0.0',
    'spec.devices[1].name: Duplicate value: "d0"',
  ],
)
test(
  refused,
  'devices of another node',
  SLICES,
  slice({ nodeName: 'n2' }),
  'spec.nodeName: Invalid value: "n2": field is immutable',
  { old: slice({ nodeName: 'n1' }) },
)

const chosen = (expression: string) => gpu({ selectors: [{ cel: { expression } }] })
const AT = 'spec.devices.requests[0].exactly.selectors[0].cel.expression'

test('expressions are compiled, and must not cost too much', t => {
  const faultsOfExpression = (expression: string): string[] =>
    faultsOf(CLAIMS, claim({ requests: [chosen(expression)] }))
  t.deepEqual(faultsOfExpression('device.attributes["a.example.com"].size > 1'), [])
  t.deepEqual(faultsOfExpression('1'), [
    `${AT}: Invalid value: "1": must evaluate to bool or the unknown type, not int`,
  ])
  const [fault] = faultsOfExpression('device.size')
  t.true(
    fault!.startsWith(
      `${AT}: Invalid value: "device.size": compilation failed: ERROR: <input>:1:7: undefined field 'size'`,
    ),
  )
  const ten = '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]'
  const loops = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  const slow = loops.reduce((inner, name) => `${ten}.all(${name}, ${inner})`, 'true')
  t.deepEqual(faultsOfExpression(slow), [`${AT}: Forbidden: too complex, exceeds cost limit`])
  t.deepEqual(faultsOfExpression(`"${'x'.repeat(10_240)}" == ""`), [
    `${AT}: Too long: may not be more than 10240 bytes`,
  ])
})

test('a class whose expression is none is refused', t => {
  const spec = { selectors: [{ cel: { expression: '?!' } }] }
  const [fault] = faultsOf('deviceclasses.resource.k8s.io', { metadata: { name: 'c' }, spec })
  t.regex(fault!, /^spec\.selectors\[0\]\.cel\.expression: Invalid value: "\?!": compilation failed: ERROR/)
})

test('of devices only what is switched on is kept', t => {
  const { spec } = prepared(
    SLICES,
    slice({
      nodeName: 'n1',
      sharedCounters: [{ name: 'c', counters: {} }],
      perDeviceNodeSelection: true,
      devices: [
        device({
          taints: [{ key: 'k', effect: 'NoSchedule' }],
          allNodes: true,
          bindsToNode: true,
          consumesCounters: [{}],
          allowMultipleAllocations: true,
          capacity: { m: { value: '1', requestPolicy: {} } },
        }),
      ],
    }),
  )
  t.deepEqual(spec.devices, [{ name: 'd0', capacity: { m: { value: '1' } } }])
  t.false('sharedCounters' in spec)
  t.false('perDeviceNodeSelection' in spec)
  const wanted = prepared(CLAIMS, claim({ requests: [gpu({ capacity: { requests: { m: '1' } } })] }))
  t.deepEqual(wanted.spec.devices.requests[0].exactly, {
    deviceClassName: 'gpus',
    allocationMode: 'ExactCount',
    count: 1,
  })
})

const told = (more: object) => ({
  ...allocated,
  devices: [{ driver: 'gpu.example.com', pool: 'n1', device: 'd0', ...more }],
})
const inStatus = { old: claim({ requests: [gpu()] }, allocated), subresource: 'status' }
const TOLD = 'status.devices[0]'

test(
  refused,
  'what is told badly of a device',
  CLAIMS,
  claim(
    { requests: [gpu()] },
    told({
      conditions: [{ type: 'Ready', status: 'Perhaps', observedGeneration: -1, reason: '1' }],
      data: [],
      networkData: { interfaceName: 'e'.repeat(257), ips: ['10.0.0.1', '10.0.0.01/24', '10.0.0.1/24'] },
    }),
  ),
  [
    `${TOLD}.conditions[0].status: Unsupported value: "Perhaps": supported values: "False", "True", "Unknown"`,
    `${TOLD}.conditions[0].observedGeneration: Invalid value: -1: must be greater than or equal to zero`,
    `${TOLD}.conditions[0].lastTransitionTime: Required value`,
    `${TOLD}.conditions[0].reason: Invalid value: "1": a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')`,
    `${TOLD}.data: Invalid value: "<value omitted>": must be a valid JSON object`,
    `${TOLD}.networkData.interfaceName: Too long: may not be more than 256 bytes`,
    `${TOLD}.networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)`,
    `${TOLD}.networkData.ips[1]: Invalid value: "10.0.0.01/24": must be in canonical form ("10.0.0.1/24")`,
  ],
  inStatus,
)
test(
  refused,
  'what is told of a device that the claim has not got',
  CLAIMS,
  claim({ requests: [gpu()] }, told({ device: 'd1' })),
  `${TOLD}: Invalid value: {"Driver":{},"Pool":{},"Device":{},"ShareID":{}}: must be an allocated device in the claim`,
  inStatus,
)
test('what was told of a device goes with it', t => {
  const old = claim({ requests: [gpu()] }, told({}))
  const { status } = prepared(CLAIMS, claim({ requests: [gpu()] }, { ...told({}), allocation: undefined }), {
    old,
    subresource: 'status',
  })
  t.false('devices' in status)
})
