import test from 'ava'
import { accepted, faultsOf, prepared, refused, warningsOf } from '../../../helpers/rules.ts'

const pod = (spec: object = {}, container: object = {}, metadata: object = {}): any => ({
  metadata: { name: 'p', ...metadata },
  spec: { containers: [{ name: 'c', image: 'i', ...container }], ...spec },
})

test('a policy of a container that is no sidecar is taken away', t => {
  const { spec } = prepared(
    'pods',
    pod(
      {
        initContainers: [
          { name: 'side', image: 'i', restartPolicy: 'Always' },
          { name: 'once', image: 'i', restartPolicy: 'OnFailure' },
        ],
      },
      { restartPolicy: 'Never', lifecycle: { stopSignal: 'SIGINT', preStop: { sleep: { seconds: 1 } } } },
    ),
  )
  t.deepEqual(
    spec.initContainers.map(({ restartPolicy }: any) => restartPolicy),
    ['Always', undefined],
  )
  t.is(spec.containers[0].restartPolicy, undefined)
  t.deepEqual(spec.containers[0].lifecycle, { preStop: { sleep: { seconds: 1 } } })
})

test('volumes of images go, and where they were mounted; bundles of trust go from volumes', t => {
  const { spec } = prepared(
    'pods',
    pod(
      {
        volumes: [
          { name: 'image', image: { reference: 'r' } },
          {
            name: 'both',
            projected: {
              sources: [{ clusterTrustBundle: { name: 'b', path: 'p' } }, { secret: { name: 's' } }],
            },
          },
        ],
        initContainers: [{ name: 'i', image: 'i', volumeMounts: [{ name: 'image', mountPath: '/a' }] }],
      },
      {
        volumeMounts: [
          { name: 'image', mountPath: '/a' },
          { name: 'both', mountPath: '/b' },
        ],
      },
    ),
  )
  t.deepEqual(
    spec.volumes.map(({ name }: any) => name),
    ['both'],
  )
  t.deepEqual(spec.volumes[0].projected.sources, [{}, { secret: { name: 's' } }])
  t.deepEqual(spec.containers[0].volumeMounts, [{ name: 'both', mountPath: '/b' }])
  t.false('volumeMounts' in spec.initContainers[0])
})

test(
  refused,
  'a variable whose only source is a file',
  'pods',
  pod({}, { env: [{ name: 'A', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'p', key: 'K' } } }] }),
  'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
)

test(
  refused,
  'a Pod with users of its own that sees the host, or devices',
  'pods',
  pod(
    { hostUsers: false, hostPID: true, volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }] },
    { volumeDevices: [{ name: 'd', devicePath: '/dev/d' }] },
  ),
  [
    'spec.HostPID: Forbidden: when `hostUsers` is false',
    'spec.containers[0].volumeDevices: Forbidden: when `hostUsers` is false',
  ],
)

const huge = { 'hugepages-2Mi': '4Mi' }

test('huge pages of the containers become a limit of the Pod, and what it requests', t => {
  const { spec } = prepared(
    'pods',
    pod({ resources: { limits: { cpu: '2' } } }, { resources: { limits: huge, requests: { cpu: '1' } } }),
  )
  t.deepEqual(spec.resources, {
    limits: { cpu: '2', ...huge },
    requests: { cpu: '1', ...huge },
  })
})

test('a Pod that says only what it requests is not told of the rest', t => {
  const { spec } = prepared(
    'pods',
    pod({ resources: { requests: { cpu: '2' } } }, { resources: { requests: { memory: '1Gi' } } }),
  )
  t.deepEqual(spec.resources, { requests: { cpu: '2' } })
})

test(
  accepted,
  'less than containers request, of what was not said',
  'pods',
  pod({ resources: { requests: { cpu: '2' } } }, { resources: { requests: { memory: '1Gi' } } }),
)
test(
  refused,
  'fewer huge pages than the containers may use together',
  'pods',
  pod({
    resources: { limits: huge },
    containers: ['a', 'b'].map(name => ({
      name,
      image: 'i',
      resources: { limits: { cpu: '1', 'hugepages-2Mi': '4Mi' } },
    })),
  }),
  [
    'spec.resources.requests[hugepages-2Mi]: Invalid value: "4Mi": must be greater than or equal to aggregate container requests of 8Mi',
    'spec.resources.limits[hugepages-2Mi]: Invalid value: "4Mi": must be greater than or equal to aggregate container limits of 8Mi',
  ],
)
test(
  refused,
  'resources of a whole Pod on Windows',
  'pods',
  pod({ os: { name: 'windows' }, resources: { limits: { cpu: '1' } } }),
  'spec.resources: Forbidden: may not be set for a windows pod',
)

const GATED = { schedulingGates: [{ name: 'example.com/wait' }] }

test('a Pod that is not to be scheduled yet says so', t => {
  t.deepEqual(prepared('pods', pod(GATED)).status.conditions, [
    {
      type: 'PodScheduled',
      status: 'False',
      lastProbeTime: null,
      lastTransitionTime: '1970-01-01T00:00:00Z',
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    },
  ])
  t.is(prepared('pods', pod()).status.conditions, undefined)
})

const KEY = 'container.apparmor.security.beta.kubernetes.io/c'
const noted = (note: string, spec: object = {}): any => pod(spec, {}, { annotations: { [KEY]: note } })
const ADVICE = `metadata.annotations[${KEY}]: deprecated since v1.30; use the "appArmorProfile" field instead`

test('a profile that an annotation names becomes a field of the container', t => {
  const { spec } = prepared('pods', noted('localhost/mine'))
  t.deepEqual(spec.containers[0].securityContext.appArmorProfile, {
    type: 'Localhost',
    localhostProfile: 'mine',
  })
  t.deepEqual(warningsOf('pods', noted('localhost/mine')), [ADVICE])
})

test('an annotation that says what the Pod says is no news', t => {
  const same = noted('runtime/default', {
    securityContext: { appArmorProfile: { type: 'RuntimeDefault' } },
  })
  t.is(prepared('pods', same).spec.containers[0].securityContext, undefined)
  t.deepEqual(warningsOf('pods', same), [])
})

test('a field is not written as an annotation', t => {
  const given = pod({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } })
  t.is(prepared('pods', given).metadata.annotations, undefined)
})

const withStatus = (status: object): any => ({ ...pod(), status })

test('a write of the status keeps what old kubelets leave out, and loses what is switched off', t => {
  const old = withStatus({
    qosClass: 'BestEffort',
    observedGeneration: 3,
    conditions: [
      { type: 'Ready', status: 'True', observedGeneration: 2 },
      { type: 'Ready', status: 'True', observedGeneration: 1 },
    ],
  })
  const wanted = withStatus({
    conditions: [
      { type: 'Ready', status: 'False' },
      { type: 'Ready', status: 'False' },
      { type: 'PodScheduled', status: 'True' },
    ],
    extendedResourceClaimStatus: { resourceClaimName: 'c' },
    containerStatuses: [{ name: 'c', allocatedResourcesStatus: [] }],
  })
  const { status } = prepared('pods', wanted, { old, subresource: 'status' })
  t.is(status.qosClass, 'BestEffort')
  t.is(status.observedGeneration, 3)
  t.deepEqual(
    status.conditions.map(({ observedGeneration }: any) => observedGeneration),
    [2, 1, undefined],
  )
  t.false('extendedResourceClaimStatus' in status)
  t.deepEqual(status.containerStatuses, [{ name: 'c' }])
})

test('generations that were seen are not negative, and conditions have names', t => {
  const faults = faultsOf(
    'pods',
    withStatus({ observedGeneration: -1, conditions: [{ type: '!', observedGeneration: -2 }] }),
    {
      old: withStatus({}),
      subresource: 'status',
    },
  )
  t.is(
    faults[0],
    'status.conditions[0].observedGeneration: Invalid value: -2: must be a non-negative integer',
  )
  t.regex(faults[1]!, /^status\.conditions\[0\]\.Type: Invalid value: "!": name part must consist/)
  t.is(faults[2], 'status.observedGeneration: Invalid value: -1: must be a non-negative integer')
})

test(
  refused,
  'a resize that changes the order of containers',
  'pods',
  pod({ containers: ['b', 'a'].map(name => ({ name, image: 'i' })) }),
  [
    'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
    'spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize',
  ],
  { old: pod({ containers: ['a', 'b'].map(name => ({ name, image: 'i' })) }), subresource: 'resize' },
)
