import test from 'ava'
import { accepted, refused } from '../../../helpers/rules.ts'

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
    'spec.devices.requests[1]: Duplicate value: "gpu"',
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
    'spec.devices.constraints[1].matchAttribute: Invalid value: "numa": a fully qualified name must be a domain and a name separated by a slash',
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
  'a class under a name of Kubernetes',
  'deviceclasses.resource.k8s.io',
  { metadata: { name: 'c' }, spec: { selectors: [{}], extendedResourceName: 'cpu' } },
  [
    'spec.selectors[0].cel: Required value',
    'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
  ],
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
        taints: [{ key: 'k', effect: 'NoSchedule' }],
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
    "spec.devices[0].attributes: Invalid value: \"1a\": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')",
    'spec.devices[0].attributes[b]: Invalid value: "": exactly one value must be specified',
    'spec.devices[0].attributes[c]: Invalid value: {"int":1,"bool":true}: exactly one value must be specified',
    'spec.devices[0].attributes[d].version: Invalid value: "v1": must be a string compatible with semver.org spec 2.0.0',
    'spec.devices[0].capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true',
    'spec.devices[0].consumesCounters[0].counterSet: Required value',
    'spec.devices[0].consumesCounters[0].counters: Required value',
    'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
    'spec.devices[1]: Duplicate value: "d0"',
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
