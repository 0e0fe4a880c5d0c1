import test from 'ava'
import { accepted, refused } from '../../../helpers/rules.ts'

const VOLUMES = 'persistentvolumes'
const volume = (spec: object) => ({
  metadata: { name: 'v' },
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '1Gi' },
    hostPath: { path: '/data' },
    ...spec,
  },
})

test(accepted, 'a volume', VOLUMES, volume({}))
test(
  refused,
  'a volume of nothing',
  VOLUMES,
  volume({ hostPath: undefined, capacity: undefined, accessModes: [] }),
  [
    'spec.accessModes: Required value',
    'spec.capacity: Required value',
    'spec.capacity: Unsupported value: {}: supported values: "storage"',
    'spec: Required value: must specify a volume type',
  ],
)
test(
  refused,
  'the root of a node, to be emptied',
  VOLUMES,
  volume({ hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' }),
  "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
)
test(
  refused,
  'a directory of a node that nobody knows',
  VOLUMES,
  volume({ hostPath: undefined, local: { path: '/data' } }),
  'spec.nodeAffinity: Required value: Local volume requires node affinity',
)

const CLASSES = 'storageclasses.storage.k8s.io'
const ofClass = (rest: object) => ({ metadata: { name: 'c' }, provisioner: 'example.com/p', ...rest })

test(accepted, 'a class', CLASSES, ofClass({}))
test(refused, 'a class of nobody', CLASSES, ofClass({ provisioner: '' }), 'provisioner: Required value')
test(
  refused,
  'a class that changes',
  CLASSES,
  ofClass({ parameters: { a: 'b' }, provisioner: 'example.com/q' }),
  [
    'parameters: Forbidden: updates to parameters are forbidden.',
    'provisioner: Forbidden: updates to provisioner are forbidden.',
  ],
  { old: ofClass({}) },
)
