import test from 'ava'
import { accepted, refused } from '../../../helpers/rules.ts'

const ATTACHMENTS = 'volumeattachments.storage.k8s.io'
const attachment = (spec: object = {}, status?: object) => ({
  metadata: { name: 'a' },
  spec: { attacher: 'csi.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' }, ...spec },
  ...(status && { status }),
})
test(accepted, 'an attachment', ATTACHMENTS, attachment())
test(refused, 'an attachment of nothing', ATTACHMENTS, attachment({ attacher: '', source: {} }), [
  'spec.attacher: Required value',
  'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
  'spec.attacher: Required value',
  "spec.attacher: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
])
test(
  refused,
  'an attachment that moves',
  ATTACHMENTS,
  attachment({ nodeName: 'm' }),
  'spec: Invalid value: {"attacher":"csi.example.com","nodeName":"m","source":{"persistentVolumeName":"v"}}: field is immutable',
  { old: attachment() },
)
test(
  refused,
  'too long a story',
  ATTACHMENTS,
  attachment({}, { attachError: { message: 'x'.repeat(1025) } }),
  'status.attachError.message: Too long: may not be more than 1024 bytes',
  { old: attachment(), subresource: 'status' },
)

const NODES = 'csinodes.storage.k8s.io'
const driver = (more: object = {}) => ({ name: 'csi.example.com', nodeID: 'x', ...more })
const node = (...drivers: object[]) => ({ metadata: { name: 'n' }, spec: { drivers } })
test(
  accepted,
  'a node with a driver',
  NODES,
  node(driver({ topologyKeys: ['zone'], allocatable: { count: 3 } })),
)
test(
  refused,
  'drivers told of badly',
  NODES,
  node(driver({ nodeID: '', allocatable: { count: -1 } }), driver({ topologyKeys: ['zone', 'zone'] })),
  [
    'spec.drivers[0].nodeID: Required value',
    'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
    'spec.drivers[1].name: Duplicate value: "csi.example.com"',
    'spec.drivers[1]: Duplicate value: "zone"',
  ],
)
test(
  refused,
  'a driver that becomes another',
  NODES,
  node(driver({ nodeID: 'y' })),
  'CSINode: Invalid value: {"name":"csi.example.com","nodeID":"y"}: field is immutable',
  { old: node(driver()) },
)

const DRIVERS = 'csidrivers.storage.k8s.io'
const csiDriver = (spec: object = {}) => ({ metadata: { name: 'csi.example.com' }, spec })
test(accepted, 'a driver', DRIVERS, csiDriver())
test(
  refused,
  'a driver of no known ways',
  DRIVERS,
  csiDriver({
    fsGroupPolicy: 'x',
    volumeLifecycleModes: ['y'],
    tokenRequests: [{ audience: 'a', expirationSeconds: 1 }, { audience: 'a' }],
  }),
  [
    'spec.fsGroupPolicy: Unsupported value: "x": supported values: "File", "None", "ReadWriteOnceWithFSType"',
    'spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
    'spec.tokenRequests[1].audience: Duplicate value: "a"',
    'spec.VolumeLifecycleModes: Unsupported value: "y": supported values: "Ephemeral", "Persistent"',
  ],
)
test(
  refused,
  'a driver that attaches otherwise',
  DRIVERS,
  csiDriver({ attachRequired: false }),
  'spec.attachedRequired: Invalid value: false: field is immutable',
  { old: csiDriver() },
)

const CAPACITIES = 'csistoragecapacities.storage.k8s.io'
const capacity = (more: object = {}) => ({ metadata: { name: 'c' }, storageClassName: 's', ...more })
test(accepted, 'a capacity', CAPACITIES, capacity({ capacity: '1Gi', nodeTopology: {} }))
test(refused, 'less than nothing', CAPACITIES, capacity({ capacity: '-1', maximumVolumeSize: '-2' }), [
  'capacity: Invalid value: "-1": must be greater than or equal to 0',
  'maximumVolumeSize: Invalid value: "-2": must be greater than or equal to 0',
])
test(
  refused,
  'a capacity of another class',
  CAPACITIES,
  capacity({ storageClassName: 't' }),
  'storageClassName: Invalid value: "t": field is immutable',
  { old: capacity() },
)

const CLASSES = 'volumeattributesclasses.storage.k8s.io'
const attributes = (more: object = {}) => ({
  metadata: { name: 'c' },
  driverName: 'csi.example.com',
  parameters: { iops: '1' },
  ...more,
})
test(accepted, 'a class of attributes', CLASSES, attributes())
test(refused, 'a class of no attributes', CLASSES, attributes({ driverName: '', parameters: {} }), [
  'driverName: Required value',
  'parameters: Required value: must contain at least one key/value pair',
])
test(
  refused,
  'a class of other attributes',
  CLASSES,
  attributes({ driverName: 'other', parameters: { iops: '2' } }),
  [
    'driverName: Forbidden: updates to driverName are forbidden.',
    'parameters: Forbidden: updates to parameters are forbidden.',
  ],
  { old: attributes() },
)

const STORAGE = 'storageclasses.storage.k8s.io'
const term = { matchLabelExpressions: [{ key: 'zone', values: ['a', 'b'] }] }
test(
  refused,
  'topologies told twice, or of nothing',
  STORAGE,
  {
    metadata: { name: 's' },
    provisioner: 'p',
    allowedTopologies: [
      term,
      { matchLabelExpressions: [{ key: 'zone', values: ['b', 'a'] }] },
      {
        matchLabelExpressions: [
          { key: 'k', values: ['a', 'a'] },
          { key: 'k', values: [] },
        ],
      },
    ],
  },
  [
    'allowedTopologies[1].matchLabelExpressions: Duplicate value: ""',
    'allowedTopologies[2].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
    'allowedTopologies[2].matchLabelExpressions[1].values: Required value',
    'allowedTopologies[2].matchLabelExpressions[1].key: Duplicate value: "k"',
  ],
)
