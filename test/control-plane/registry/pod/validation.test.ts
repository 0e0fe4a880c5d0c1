import test from 'ava'
import { accepted, filled, refused } from '../../../helpers/rules.ts'

const pod = (spec: object = {}, container: object = {}, metadata: object = {}) => ({
  metadata: { name: 'p', namespace: 'default', ...metadata },
  spec: { serviceAccountName: 'default', containers: [{ name: 'c', image: 'i:1', ...container }], ...spec },
})

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const emptyDir = { name: 'v', emptyDir: {} }

test(accepted, 'a plain Pod', 'pods', pod())
test(
  accepted,
  'a Pod with all that is common',
  'pods',
  pod(
    {
      volumes: [emptyDir, { name: 'c', configMap: { name: 'm', items: [{ key: 'a', path: 'b/c' }] } }],
      initContainers: [
        { name: 'side', image: 'i', restartPolicy: 'Always', livenessProbe: { exec: { command: ['a'] } } },
      ],
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { a: 'b' } } },
          ],
        },
      },
      tolerations: [
        { operator: 'Exists' },
        { key: 'k', operator: 'Equal', value: 'v', effect: 'NoExecute', tolerationSeconds: 5 },
      ],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} },
      ],
      securityContext: { runAsUser: 1000, sysctls: [{ name: 'kernel.shm_rmid_forced', value: '0' }] },
    },
    {
      ports: [{ containerPort: 80, name: 'http' }],
      env: [
        { name: 'A', value: 'x' },
        { name: 'B', valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } },
        { name: 'C', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
      ],
      envFrom: [{ prefix: 'P_', secretRef: { name: 's' } }],
      volumeMounts: [{ name: 'v', mountPath: '/v' }],
      resources: { requests: { cpu: '100m', 'example.com/gpu': '1' }, limits: { 'example.com/gpu': '1' } },
      livenessProbe: { httpGet: { port: 'http' } },
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
      securityContext: { capabilities: { add: ['NET_ADMIN'] }, allowPrivilegeEscalation: true },
    },
  ),
)

test(refused, 'no containers', 'pods', pod({ containers: [] }), 'spec.containers: Required value')
test(refused, 'no image', 'pods', pod({}, { image: '' }), 'spec.containers[0].image: Required value')
test(
  refused,
  'an image with a blank at its end',
  'pods',
  pod({}, { image: 'i:1 ' }),
  'spec.containers[0].image: Invalid value: "i:1 ": must not have leading or trailing whitespace',
)
test(
  refused,
  'a name that is no label',
  'pods',
  pod({}, { name: 'A_B' }),
  `spec.containers[0].name: Invalid value: "A_B": ${LABEL}`,
)
test(
  refused,
  'a name with dots',
  'pods',
  pod({}, { name: 'a.b' }),
  'spec.containers[0].name: Invalid value: "a.b": must not contain dots',
)
test(
  refused,
  'a name twice',
  'pods',
  pod({ initContainers: [{ name: 'c', image: 'i' }] }),
  'spec.initContainers[0].name: Duplicate value: "c"',
)
test(
  refused,
  'a restart policy that is none',
  'pods',
  pod({ restartPolicy: 'Sometimes' }),
  'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
)
test(
  refused,
  'a DNS policy that is none',
  'pods',
  pod({ dnsPolicy: 'X' }),
  'spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
)
test(
  refused,
  'no nameserver with a DNS policy of None',
  'pods',
  pod({ dnsPolicy: 'None' }),
  'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None',
)
test(
  refused,
  'a pull policy that is none',
  'pods',
  pod({}, { imagePullPolicy: 'Maybe' }),
  'spec.containers[0].imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never"',
)
test(
  refused,
  'ports out of bounds, with long names, of unknown protocols',
  'pods',
  pod(
    {},
    {
      ports: [
        { containerPort: 70000, protocol: 'X' },
        { name: 'much-too-long-a-name', containerPort: 1 },
        {},
      ],
    },
  ),
  [
    'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    'spec.containers[0].ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
    'spec.containers[0].ports[1].name: Invalid value: "much-too-long-a-name": must be no more than 15 characters',
    'spec.containers[0].ports[2].containerPort: Required value',
  ],
)
test(
  refused,
  'a port of the host twice',
  'pods',
  pod({
    containers: [
      { name: 'a', image: 'i', ports: [{ containerPort: 80, hostPort: 80 }] },
      { name: 'b', image: 'i', ports: [{ containerPort: 81, hostPort: 80 }] },
    ],
  }),
  'spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"',
)
test(
  refused,
  "another port of the host in the host's network",
  'pods',
  pod({ hostNetwork: true }, { ports: [{ containerPort: 80, hostPort: 81 }] }),
  'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
)
test(
  refused,
  'variables without name or source, or with too many',
  'pods',
  pod(
    {},
    {
      env: [
        { value: 'x' },
        { name: 'a=b' },
        { name: 'A', valueFrom: {} },
        { name: 'B', value: 'x', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        { name: 'C', valueFrom: { fieldRef: { fieldPath: 'spec.restartPolicy' } } },
        { name: 'D', valueFrom: { fieldRef: { fieldPath: 'spec.unknown' } } },
        { name: 'E', valueFrom: { configMapKeyRef: { name: 'm' } } },
      ],
    },
  ),
  [
    'spec.containers[0].env[0].name: Required value',
    `spec.containers[0].env[1].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`,
    'spec.containers[0].env[2].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
    'spec.containers[0].env[3].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    'spec.containers[0].env[4].valueFrom.fieldRef.fieldPath: Unsupported value: "spec.restartPolicy": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
    'spec.containers[0].env[5].valueFrom.fieldRef.fieldPath: Invalid value: "spec.unknown": error converting fieldPath: field label not supported: spec.unknown',
    'spec.containers[0].env[6].valueFrom.configMapKeyRef.key: Required value',
  ],
)
test(
  refused,
  'mounts of no volume, twice in one place, or out of it',
  'pods',
  pod(
    { volumes: [emptyDir] },
    {
      volumeMounts: [
        { name: 'w', mountPath: '/v' },
        { name: 'v', mountPath: '/v' },
        { name: 'v', mountPath: '/x', subPath: '../y' },
        { name: 'v' },
      ],
    },
  ),
  [
    'spec.containers[0].volumeMounts[0].name: Not found: "w"',
    'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/v": must be unique',
    `spec.containers[0].volumeMounts.subPath: Invalid value: "../y": must not contain '..'`,
    'spec.containers[0].volumeMounts[3].mountPath: Required value',
  ],
)
test(
  refused,
  'volumes without source, with several, or with the same name',
  'pods',
  pod({
    volumes: [
      { name: 'a', emptyDir: {}, hostPath: { path: '/x' } },
      emptyDir,
      emptyDir,
      { name: 'c', secret: { items: [{ path: '..x' }] } },
      { name: 'd', hostPath: { path: '/a/../b', type: 'X' } },
      { name: 'e', persistentVolumeClaim: {} },
    ],
  }),
  [
    'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
    'spec.volumes[2].name: Duplicate value: "v"',
    'spec.volumes[3].secret.secretName: Required value',
    'spec.volumes[3].secret.items[0].key: Required value',
    `spec.volumes[3].secret.items[0].path: Invalid value: "..x": must not start with '..'`,
    `spec.volumes[4].hostPath.path: Invalid value: "/a/../b": must not contain '..'`,
    'spec.volumes[4].hostPath.type: Unsupported value: "X": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
    'spec.volumes[5].persistentVolumeClaim.claimName: Required value',
  ],
)
test(
  refused,
  'projected sources in one place, and tokens that end too soon',
  'pods',
  pod({
    volumes: [
      {
        name: 'p',
        projected: {
          sources: [
            { secret: { name: 's', items: [{ key: 'a', path: 'x' }] } },
            { configMap: { name: 'm', items: [{ key: 'a', path: 'x' }] } },
            { serviceAccountToken: { path: 'token', expirationSeconds: 60 } },
          ],
        },
      },
    ],
  }),
  [
    'spec.volumes[0].projected: Invalid value: "m": conflicting duplicate paths',
    'spec.volumes[0].projected.sources[2].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
  ],
)
test(
  refused,
  'amounts of unknown resources, below zero, and requests above limits',
  'pods',
  pod(
    {},
    {
      resources: {
        limits: { cpu: '1', foo: '1', memory: '-1' },
        requests: { cpu: '2', 'hugepages-2Mi': '2Mi' },
      },
    },
  ),
  [
    'spec.containers[0].resources.limits[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
    'spec.containers[0].resources.limits[foo]: Invalid value: "foo": must be a standard resource for containers',
    'spec.containers[0].resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0',
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    'spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources',
    'spec.containers[0].resources.requests[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
    'spec.containers[0].resources.requests[foo]: Invalid value: "foo": must be a standard resource for containers',
    'spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0',
  ],
)
test(
  refused,
  'parts of a device',
  'pods',
  pod({}, { resources: { limits: { 'example.com/gpu': '500m' } } }),
  [
    'spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer',
    'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer',
  ],
)
test(
  refused,
  'probes without handler, with several, or with impossible numbers',
  'pods',
  pod(
    {},
    {
      livenessProbe: { successThreshold: 2, tcpSocket: { port: 80 } },
      readinessProbe: {},
      startupProbe: { exec: { command: ['a'] }, httpGet: { port: 0 }, periodSeconds: -1 },
    },
  ),
  [
    'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
    'spec.containers[0].readinessProbe: Required value: must specify a handler type',
    'spec.containers[0].startupProbe.httpGet: Forbidden: may not specify more than 1 handler type',
    'spec.containers[0].startupProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
  ],
)
test(
  refused,
  'an init container with probes',
  'pods',
  pod({ initContainers: [{ name: 'i', image: 'i', readinessProbe: { exec: { command: ['a'] } } }] }),
  'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
)
test(
  refused,
  'a sleep longer than the Pod has to end',
  'pods',
  pod({}, { lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
  'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
)
test(
  refused,
  'users below zero, unknown profiles and sysctls',
  'pods',
  pod(
    {
      hostNetwork: true,
      securityContext: {
        runAsUser: -1,
        seccompProfile: { type: 'Localhost' },
        sysctls: [
          { name: 'a_!', value: '' },
          { name: 'net.core.somaxconn', value: '1' },
        ],
      },
    },
    { securityContext: { privileged: true, allowPrivilegeEscalation: false } },
  ),
  [
    'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
    'spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive',
    'spec.securityContext.sysctls[0].name: Invalid value: "a_!": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
    'spec.securityContext.sysctls[1].name: Invalid value: "net.core.somaxconn": may not be specified when \'hostNetwork\' is true',
    'spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost',
  ],
)
test(
  refused,
  'affinity without key, with a wrong weight or operator',
  'pods',
  pod({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            {
              matchExpressions: [
                { key: 'a', operator: 'In' },
                { key: 'b', operator: 'Is', values: ['c'] },
              ],
            },
          ],
        },
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 101, preference: {} }],
      },
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: '' }] },
    },
  }),
  [
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].operator: Invalid value: "Is": not a valid selector operator',
    'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100',
    'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty',
    'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty',
    "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
  ],
)
test(
  refused,
  'tolerations that say two things',
  'pods',
  pod({
    tolerations: [
      { operator: 'Equal', value: 'x' },
      { key: 'a', operator: 'Exists', value: 'x' },
      { key: 'a', operator: 'Is' },
      { key: 'a', operator: 'Exists', effect: 'NoSchedule', tolerationSeconds: 1 },
      { key: 'a', operator: 'Exists', effect: 'Go' },
    ],
  }),
  [
    'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    `spec.tolerations[1].operator: Invalid value: "x": value must be empty when \`operator\` is 'Exists'`,
    'spec.tolerations[2].operator: Unsupported value: "Is": supported values: "Equal", "Exists"',
    `spec.tolerations[3].effect: Invalid value: "NoSchedule": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
    'spec.tolerations[4].effect: Unsupported value: "Go": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
  ],
)
test(
  refused,
  'spread constraints without bounds or said twice',
  'pods',
  pod({
    topologySpreadConstraints: [
      { maxSkew: 0, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway', minDomains: 2 },
      { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway' },
    ],
  }),
  [
    'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
    'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, ScheduleAnyway}"',
    'spec.topologySpreadConstraints[0].minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
  ],
)
test(
  refused,
  'a label selector of 64 letters',
  'pods',
  pod({ nodeSelector: { a: 'x'.repeat(64) } }),
  `spec.nodeSelector: Invalid value: "${'x'.repeat(64)}": must be no more than 63 characters`,
)
test(
  refused,
  'ephemeral containers at creation, and a node for a gated Pod',
  'pods',
  pod({ ephemeralContainers: [{ name: 'e', image: 'i' }], nodeName: 'n', schedulingGates: [{ name: 'a' }] }),
  [
    'spec.ephemeralContainers: Forbidden: cannot be set on create',
    'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
  ],
)

test('defaults are those of the API', t => {
  const { spec } = filled(
    'pods',
    pod({}, { ports: [{ containerPort: 80 }], livenessProbe: { httpGet: { port: 80 } } }),
  ) as any
  t.like(spec, {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    terminationGracePeriodSeconds: 30,
    enableServiceLinks: true,
  })
  t.like(spec.containers[0], {
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
  })
  t.is(spec.containers[0].ports[0].protocol, 'TCP')
  t.like(spec.containers[0].livenessProbe, { periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 1 })
})

test('an image without a tag is pulled every time', t => {
  const policyOf = (image: string) =>
    (filled('pods', pod({}, { image })) as any).spec.containers[0].imagePullPolicy
  t.is(policyOf('x'), 'Always')
  t.is(policyOf('r:5000/x'), 'Always')
  t.is(policyOf('r:5000/x:1'), 'IfNotPresent')
})
