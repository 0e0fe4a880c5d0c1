import test from 'ava'
import { warned } from '../../../helpers/rules.ts'

const pod = (spec: object = {}, container: object = {}, metadata: object = {}) => ({
  metadata: { name: 'p', ...metadata },
  spec: { containers: [{ name: 'c', image: 'i', ...container }], ...spec },
})
const deployment = (template: object, metadata: object = {}) => ({
  metadata: { name: 'd', ...metadata },
  spec: { template },
})

test(warned, 'nothing in a plain Pod', 'pods', pod(), [])
test(warned, 'nothing of a Pod that is there', 'pods', pod({}, {}, { name: 'a.b' }), [], pod())
test(
  warned,
  'a name with dots',
  'pods',
  pod({}, {}, { name: 'a.b' }),
  "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
)
test(
  warned,
  'labels of nodes on their way out',
  'pods',
  pod({ nodeSelector: { 'beta.kubernetes.io/os': 'x' } }),
  ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
)
test(
  warned,
  'values that no label has, where they are only preferred',
  'pods',
  pod({
    affinity: {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 1,
            preference: {
              matchExpressions: [
                { key: 'failure-domain.beta.kubernetes.io/zone', operator: 'In', values: ['-'] },
              ],
            },
          },
        ],
      },
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'k' }] },
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, podAffinityTerm: { topologyKey: 'k' } },
        ],
      },
    },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'beta.kubernetes.io/arch' }],
  }),
  [
    'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]: - is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    'spec.topologySpreadConstraints[0].topologyKey: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
    'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
    'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
    'spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod',
  ],
)
test(
  warned,
  'old annotations, profiles told of in annotations',
  'pods',
  pod(
    {},
    {},
    {
      annotations: {
        'scheduler.alpha.kubernetes.io/critical-pod': '',
        'seccomp.security.alpha.kubernetes.io/pod': 'unconfined',
        'container.seccomp.security.alpha.kubernetes.io/c': 'unconfined',
        'container.apparmor.security.beta.kubernetes.io/c': 'unconfined',
      },
    },
  ),
  [
    'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
    'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
    'metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: non-functional in v1.27+; use the "seccompProfile" field instead',
    'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
  ],
)
test(
  warned,
  'old kinds of volumes, and files in each other’s place',
  'pods',
  pod({
    volumes: [
      { name: 'git', gitRepo: { repository: 'r' } },
      { name: 'map', configMap: { name: 'm', items: [{ path: 'a/' }, { path: 'a/b' }] } },
      {
        name: 'all',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token' } },
            { secret: { name: 's', items: [{ key: 'k', path: 'token' }] } },
            {},
          ],
        },
      },
    ],
  }),
  [
    'spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
    'volume "map" (ConfigMap "m"): overlapping paths: "a/b" with "a"',
    'volume "all" (Projected Secret "s"): overlapping paths: "token" with "token"',
    'volume "all" (Projected) has no sources provided',
  ],
)
test(
  warned,
  'doubles, fractions of bytes, a time that is negative, odd addresses',
  'pods',
  pod({
    hostAliases: [{ ip: '010.0.0.1' }, { ip: '010.0.0.1' }],
    imagePullSecrets: [{ name: 's' }, { name: 's' }, {}],
    terminationGracePeriodSeconds: -1,
    dnsConfig: { nameservers: ['2001:DB8::1'] },
    containers: [
      {
        name: 'c',
        image: 'i',
        resources: { limits: { memory: '1500m' } },
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '$(A)2' },
          { name: 'A', value: '3' },
        ],
        ports: [
          { containerPort: 80, hostIP: '10.0.0.1' },
          { containerPort: 80, hostPort: 81 },
        ],
      },
    ],
  }),
  [
    'spec.hostAliases[1].ip: duplicate ip "010.0.0.1"',
    'spec.imagePullSecrets[1].name: duplicate name "s"',
    'spec.imagePullSecrets[2].name: invalid empty name ""',
    'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
    'spec.containers[0].resources.requests[memory]: fractional byte value "1500m" is invalid, must be an integer',
    'spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply',
    'spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}',
    'spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
    'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    'spec.dnsConfig.nameservers[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
    'spec.hostAliases[0].ip: non-standard IP address "010.0.0.1" will be considered invalid in a future Kubernetes release: use "10.0.0.1"',
    'spec.hostAliases[1].ip: non-standard IP address "010.0.0.1" will be considered invalid in a future Kubernetes release: use "10.0.0.1"',
  ],
)

const bad = pod({ nodeSelector: { 'node-role.kubernetes.io/master': '' } })
const ADVICE =
  'spec.template.spec.nodeSelector[node-role.kubernetes.io/master]: use "node-role.kubernetes.io/control-plane" instead'

test(warned, 'a template', 'deployments.apps', deployment(bad), ADVICE)
test(
  warned,
  'a name that Pods cannot be called by',
  'deployments.apps',
  deployment(pod(), { name: 'a.b' }),
  'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
)
test(
  warned,
  'nothing of a template that stays',
  'deployments.apps',
  deployment(bad, { generation: 1 }),
  [],
  deployment(bad, { generation: 1 }),
)
test(
  warned,
  'a template that changes',
  'deployments.apps',
  deployment(bad, { generation: 2 }),
  ADVICE,
  deployment(pod(), { generation: 1 }),
)
