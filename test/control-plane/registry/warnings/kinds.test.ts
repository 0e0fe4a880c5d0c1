import test from 'ava'
import { warned } from '../../../helpers/rules.ts'

const service = (spec: object, metadata: object = {}) => ({
  metadata: { name: 's', ...metadata },
  spec: { ports: [{ port: 1 }], ...spec },
})

test(warned, 'nothing in a plain Service', 'services', service({}), [])
test(
  warned,
  'what a headless Service leaves out',
  'services',
  service({
    clusterIP: 'None',
    clusterIPs: ['None'],
    loadBalancerIP: '10.0.0.1',
    externalIPs: ['::ffff:1.2.3.4'],
    sessionAffinity: 'ClientIP',
  }),
  [
    'spec.loadBalancerIP is ignored for headless services',
    'spec.externalIPs is ignored for headless services',
    'spec.SessionAffinity is ignored for headless services',
    'spec.externalIPs[0]: non-standard IP address "::ffff:1.2.3.4" will be considered invalid in a future Kubernetes release: use "1.2.3.4"',
  ],
)
test(
  warned,
  'addresses and names beside the type, networks of two meanings',
  'services',
  service(
    {
      type: 'LoadBalancer',
      externalName: 'x',
      loadBalancerSourceRanges: ['10.0.0.1/8', '10.0.0.0/08', '2001:DB8::/32'],
    },
    { annotations: { 'service.kubernetes.io/topology-aware-hints': 'Auto' } },
  ),
  [
    'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
    'spec.loadBalancerSourceRanges[0]: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
    'spec.loadBalancerSourceRanges[1]: non-standard CIDR value "10.0.0.0/08" will be considered invalid in a future Kubernetes release: use "10.0.0.0/8"',
    'spec.loadBalancerSourceRanges[2]: IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")',
    'spec.externalName is ignored when spec.type is not "ExternalName"',
  ],
)
test(
  warned,
  'an old kind of PersistentVolume that is recycled',
  'persistentvolumes',
  {
    metadata: {
      name: 'v',
      annotations: {
        'volume.beta.kubernetes.io/storage-class': 'c',
        'volume.beta.kubernetes.io/mount-options': 'o',
      },
    },
    spec: { capacity: { storage: '1500m' }, persistentVolumeReclaimPolicy: 'Recycle', storageos: {} },
  },
  [
    'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
    'metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead',
    'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    'spec.storageOS: deprecated in v1.22, non-functional in v1.25+',
    'spec.capacity[storage]: fractional byte value "1500m" is invalid, must be an integer',
  ],
)
test(
  warned,
  'a claim for part of a byte',
  'persistentvolumeclaims',
  { metadata: { name: 'c' }, spec: { resources: { requests: { storage: '100m' } } } },
  'spec.resources.requests[storage]: fractional byte value "100m" is invalid, must be an integer',
)
test(
  warned,
  'revisions without end',
  'statefulsets.apps',
  {
    metadata: { name: 's' },
    spec: {
      revisionHistoryLimit: -1,
      volumeClaimTemplates: [{ spec: { resources: { requests: { storage: '1m' } } } }],
    },
  },
  [
    'spec.volumeClaimTemplates[0].Spec.resources.requests[storage]: fractional byte value "1m" is invalid, must be an integer',
    'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
  ],
)
test(
  warned,
  'more indexes than can be told of',
  'jobs.batch',
  { metadata: { name: 'j' }, spec: { completionMode: 'Indexed', completions: 200_000, parallelism: 20_000 } },
  'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
)
test(
  warned,
  'the annotation that was the class of an Ingress',
  'ingresses.networking.k8s.io',
  { metadata: { name: 'i', annotations: { 'kubernetes.io/ingress.class': 'x' } }, spec: {} },
  'annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead',
)
const account = (annotations?: object) => ({ metadata: { name: 'a', annotations } })
const MOUNTABLE = { 'kubernetes.io/enforce-mountable-secrets': 'true' }
test(
  warned,
  'secrets bound to an account',
  'serviceaccounts',
  account(MOUNTABLE),
  'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
)
test(warned, 'nothing that was there before', 'serviceaccounts', account(MOUNTABLE), [], account(MOUNTABLE))
test(warned, 'what a Node no longer has', 'nodes', { metadata: { name: 'n' }, spec: { externalID: 'x' } }, [
  'spec.externalID: this field is deprecated, and is unused by Kubernetes',
])
