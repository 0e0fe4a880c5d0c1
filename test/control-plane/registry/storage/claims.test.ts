import test from 'ava'
import { accepted, faultsOf, prepared, refused } from '../../../helpers/rules.ts'

const claim = (spec: object = {}, status: object = { phase: 'Pending' }) => ({
  metadata: { name: 'c', namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  status,
})
const CLAIMS = 'persistentvolumeclaims'
const bound = { phase: 'Bound', capacity: { storage: '1Gi' } }

const CLASS = 'spec.volumeAttributesClassName: Forbidden: update to'
const APPLIED = 'is forbidden when status.currentVolumeAttributesClassName is not nil'
const applied = { ...bound, currentVolumeAttributesClassName: 'gold' }

test(accepted, 'a class that has not taken effect, taken away', CLAIMS, claim({}, bound), {
  old: claim({ volumeAttributesClassName: 'gold' }, bound),
})
test(
  refused,
  'a class that has taken effect, taken away',
  CLAIMS,
  claim({}, applied),
  `${CLASS} nil ${APPLIED}`,
  {
    old: claim({ volumeAttributesClassName: 'gold' }, applied),
  },
)
test(
  refused,
  'a class that has taken effect, emptied',
  CLAIMS,
  claim({ volumeAttributesClassName: '' }, applied),
  `${CLASS} empty string ${APPLIED}`,
  { old: claim({ volumeAttributesClassName: 'gold' }, applied) },
)
test('data comes from claims and snapshots of the same namespace', t => {
  const sourcesOf = (spec: object): any => {
    const { dataSource, dataSourceRef } = prepared(CLAIMS, claim(spec)).spec
    return { dataSource, dataSourceRef }
  }
  const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' }
  t.deepEqual(sourcesOf({ dataSource: snapshot }), { dataSource: snapshot, dataSourceRef: snapshot })
  const other = { apiGroup: 'example.com', kind: 'Thing', name: 's' }
  t.deepEqual(sourcesOf({ dataSource: other }), { dataSource: undefined, dataSourceRef: undefined })
  t.deepEqual(sourcesOf({ dataSourceRef: other }), { dataSource: other, dataSourceRef: other })
  t.deepEqual(sourcesOf({ dataSourceRef: { ...other, namespace: 'b' } }), {
    dataSource: undefined,
    dataSourceRef: undefined,
  })
})

test(accepted, 'a plain claim', CLAIMS, claim())
test(refused, 'a claim for nothing', CLAIMS, { metadata: { name: 'c' }, spec: {} }, [
  'spec.accessModes: Required value: at least 1 access mode is required',
  'spec.resources[storage]: Required value',
])
test(
  refused,
  'ways of access that exclude each other, and no space',
  CLAIMS,
  claim({
    accessModes: ['ReadWriteOncePod', 'ReadWriteOnce', 'X'],
    resources: { requests: { storage: '0' } },
  }),
  [
    'spec.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
    'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
    'spec.resources[storage]: Invalid value: "0": must be greater than zero',
  ],
)
test(
  accepted,
  'a bound claim that grows',
  CLAIMS,
  claim({ resources: { requests: { storage: '2Gi' } } }, bound),
  {
    old: claim({}, bound),
  },
)
test(accepted, 'the name of the volume, once', CLAIMS, claim({ volumeName: 'v' }), { old: claim() })
test(
  refused,
  'a claim that shrinks below what there is',
  CLAIMS,
  claim({ resources: { requests: { storage: '500Mi' } } }, bound),
  'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
  { old: claim({}, bound) },
)

test('a claim that is not bound does not change', t => {
  const [fault, ...others] = faultsOf(CLAIMS, claim({ resources: { requests: { storage: '2Gi' } } }), {
    old: claim(),
  })
  t.deepEqual(others, [])
  t.true(
    fault!.startsWith(
      'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n  core.PersistentVolumeClaimSpec{\n',
    ),
  )
  t.true(fault!.includes('- \t\t\t"storage": "1Gi",\n+ \t\t\t"storage": "2Gi",'))
})
