import test from 'ava'
import { strategies } from '../../../../control-plane/registry/strategies.ts'
import { accepted, faultsOf, filled, refused } from '../../../helpers/rules.ts'

const pod = (spec: object = {}, container: object = {}, metadata: object = {}): any => ({
  metadata: { name: 'p', namespace: 'default', ...metadata },
  spec: {
    serviceAccountName: 'default',
    containers: [{ name: 'c', image: 'i:1', ...container }],
    ...spec,
  },
})
const asking = (requests: object, limits?: object) => ({ resources: { requests, ...(limits && { limits }) } })

test('a Pod asks for what its containers ask for, or for what it may use at most', t => {
  const { spec } = filled(
    'pods',
    pod({ resources: { limits: { cpu: '2', memory: '1Gi' } } }, asking({ cpu: '1' })),
  )
  t.deepEqual(spec.resources, { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } })
})
test('a template is not filled in so', t => {
  const own = { resources: { limits: { cpu: '2' } } }
  const { template } = filled('podtemplates', { template: { spec: pod(own).spec } }) as any
  t.deepEqual(template.spec.resources, { limits: { cpu: '2' } })
})
test(
  accepted,
  'a Pod that bounds its containers',
  'pods',
  pod({ ...asking({ cpu: '2' }, { cpu: '3' }) }, asking({ cpu: '1' }, { cpu: '2' })),
)
test(
  refused,
  'a Pod that asks for less than its containers, and bounds them more',
  'pods',
  pod(
    {
      ...asking({ cpu: '1', storage: '1' }, { cpu: '1', 'example.com/x': '1' }),
      initContainers: [{ name: 'i', image: 'i', restartPolicy: 'Always', ...asking({ cpu: '500m' }) }],
    },
    asking({ cpu: '1' }, { cpu: '2' }),
  ),
  [
    'spec.resources.limits[example.com/x]: Unsupported value: "example.com/x": supported values: "cpu", "memory"',
    'spec.resources.requests[storage]: Unsupported value: "storage": supported values: "cpu", "memory"',
    'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 1500m',
    'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1',
  ],
)

const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod'
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/c'
test(
  refused,
  'profiles that annotations tell otherwise',
  'pods',
  pod(
    { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
    { securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'a' } } },
    { annotations: { [SECCOMP]: 'unconfined', [APP_ARMOR]: 'localhost/b' } },
  ),
  [
    'spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match',
    'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Forbidden: apparmor profile in annotation and field must match',
  ],
)
test(
  accepted,
  'profiles that annotations tell alike',
  'pods',
  pod(
    { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
    { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
    { annotations: { [SECCOMP]: 'docker/default', [APP_ARMOR]: 'unconfined' } },
  ),
)

test('keys of labels become part of the selectors they belong to', t => {
  const term = () => ({ topologyKey: 'k', labelSelector: { matchLabels: { a: 'b' } } })
  const made = filled(
    'pods',
    pod(
      {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 1,
                podAffinityTerm: { ...term(), matchLabelKeys: ['x', 'none'], mismatchLabelKeys: ['y'] },
              },
            ],
          },
        },
        topologySpreadConstraints: [
          { ...term(), maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway', matchLabelKeys: ['x'] },
        ],
      },
      {},
      { labels: { x: '1', y: '2' } },
    ),
  )
  strategies.pods!.prepareForCreate!(made, {
    user: { name: 'u', groups: [] },
    subresource: '',
    now: new Date(0),
  })
  const { affinity, topologySpreadConstraints } = made.spec
  const [{ podAffinityTerm }] = affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution
  t.deepEqual(podAffinityTerm.labelSelector.matchExpressions, [
    { key: 'x', operator: 'In', values: ['1'] },
    { key: 'y', operator: 'NotIn', values: ['2'] },
  ])
  t.deepEqual(topologySpreadConstraints[0].labelSelector.matchExpressions, [
    { key: 'x', operator: 'In', values: ['1'] },
  ])
  t.deepEqual(
    strategies.pods!.validate!(made, undefined, {
      user: { name: 'u', groups: [] },
      subresource: '',
      now: new Date(0),
    }),
    [],
  )
})

const spread = (more: object) =>
  pod(
    {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'k',
          whenUnsatisfiable: 'DoNotSchedule',
          matchLabelKeys: ['x'],
          ...more,
        },
      ],
    },
    {},
    { labels: { x: '1' } },
  )
test(
  refused,
  'a key that the selector has already',
  'pods',
  spread({ labelSelector: { matchLabels: { x: '1' } } }),
  'spec.topologySpreadConstraints[0][0]: Invalid value: "x": exists in both matchLabelKeys and labelSelector',
)
test(
  refused,
  'a key without a selector',
  'pods',
  spread({}),
  'spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
)

test('fields of alpha features are taken away', t => {
  const { spec } = filled(
    'pods',
    pod(
      {
        hostnameOverride: 'h',
        volumes: [{ name: 'v', projected: { sources: [{ podCertificate: {} }] } }],
      },
      {
        restartPolicyRules: [{}],
        lifecycle: { stopSignal: 'SIGINT' },
        env: [{ name: 'A', valueFrom: { fileKeyRef: {}, fieldRef: { fieldPath: 'metadata.name' } } }],
      },
    ),
  )
  t.false('hostnameOverride' in spec)
  t.deepEqual(spec.volumes[0].projected.sources, [{}])
  const [{ restartPolicyRules, lifecycle, env }] = spec.containers
  t.is(restartPolicyRules, undefined)
  t.is(lifecycle, undefined)
  t.deepEqual(Object.keys(env[0].valueFrom), ['fieldRef'])
})

test(
  refused,
  'volumes of several kinds, in the order they are looked at',
  'pods',
  pod({ volumes: [{ name: 'v', configMap: { name: 'm' }, emptyDir: {}, secret: { secretName: 's' } }] }),
  [
    'spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type',
    'spec.volumes[0].configMap: Forbidden: may not specify more than 1 volume type',
  ],
)
test('the disks of clouds are filled in', t => {
  const { spec } = filled(
    'pods',
    pod({
      volumes: [
        { name: 'a', azureDisk: {} },
        { name: 's', scaleIO: {} },
      ],
    }),
  )
  t.deepEqual(spec.volumes[0].azureDisk, {
    cachingMode: 'ReadWrite',
    kind: 'Shared',
    fsType: 'ext4',
    readOnly: false,
  })
  t.deepEqual(spec.volumes[1].scaleIO, { storageMode: 'ThinProvisioned', fsType: 'xfs' })
})
test(
  refused,
  'a probe of no port',
  'pods',
  pod(
    {},
    {
      livenessProbe: { httpGet: {} },
      readinessProbe: { grpc: {} },
      startupProbe: { tcpSocket: { port: '' } },
    },
  ),
  [
    'spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive',
    'spec.containers[0].readinessProbe.grpc.port: Invalid value: 0: must be between 1 and 65535, inclusive',
    'spec.containers[0].startupProbe.tcpSocket.port: Invalid value: "": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
    'spec.containers[0].startupProbe.tcpSocket.port: Invalid value: "": must contain at least one letter (a-z)',
  ],
)

const status = (given: object) => ({ ...pod(), status: given })
test('a status has one address a family, and its host’s first', t => {
  const faults = faultsOf(
    'pods',
    status({
      podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }],
      hostIP: '10.0.0.3',
      hostIPs: [{ ip: '10.0.0.2' }],
      resourceClaimStatuses: [{ name: 'c' }],
    }),
    { old: status({}), subresource: 'status' },
  )
  t.deepEqual(faults, [
    'status.resourceClaimStatuses[0].name: Invalid value: "c": must match the name of an entry in `spec.resourceClaims`',
    'status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.1"}]: may specify no more than one IP for each IP family',
    'status.hostIPs[0].ip: Invalid value: "10.0.0.2": must be equal to `hostIP`',
  ])
})

const withClaim = (name: string, claimName: string): any => ({
  ...pod({
    volumes: [{ name: 'data', ephemeral: { volumeClaimTemplate: { spec: claimSpec } } }, claimOf(claimName)],
  }),
  metadata: { name, namespace: 'default' },
})
const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
const claimOf = (claimName: string) => ({ name: 'other', persistentVolumeClaim: { claimName } })

test('a spec that was sound for one Pod may not be for another: claims are named after the Pod', t => {
  t.deepEqual(faultsOf('pods', withClaim('one', 'two-data')), [])
  t.deepEqual(faultsOf('pods', withClaim('one', 'two-data')), [])
  t.is(faultsOf('pods', withClaim('two', 'two-data')).length, 1)
})

test('a spec that is at fault is so each time', t => {
  const faults = faultsOf('pods', pod({ restartPolicy: 'Sometimes' }))
  t.is(faults.length, 1)
  t.deepEqual(faultsOf('pods', pod({ restartPolicy: 'Sometimes' })), faults)
})

test('annotations are looked at although the spec was sound', t => {
  const note = { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'nonsense' } }
  t.deepEqual(faultsOf('pods', pod()), [])
  t.true(faultsOf('pods', pod({}, {}, note)).length > 0)
})
