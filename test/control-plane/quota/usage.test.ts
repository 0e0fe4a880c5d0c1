import test from 'ava'
import { formatQuantity } from '../../../api/meta/quantity.ts'
import { boundsOf } from '../../../control-plane/quota/bounds.ts'
import { missingAmounts } from '../../../control-plane/quota/constraints.ts'
import { isInScope } from '../../../control-plane/quota/scopes.ts'
import { usageOf } from '../../../control-plane/quota/usage.ts'

const usage = (type: string, object: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(usageOf(type, object as never, 0)).map(([name, amount]) => [name, formatQuantity(amount)]),
  )

const service = (spec: object) => usage('services', { metadata: {}, spec })

test('node ports of a Service count as many as it has, or will have', t => {
  const ports = [{ port: 1, nodePort: 30_001 }, { port: 2 }]
  t.is(service({ type: 'ClusterIP', ports })['services.nodeports'], undefined)
  t.is(service({ type: 'NodePort', ports })['services.nodeports'], '2')
  t.is(service({ type: 'LoadBalancer', ports })['services.nodeports'], '2')
  const without = service({ type: 'LoadBalancer', ports, allocateLoadBalancerNodePorts: false })
  t.is(without['services.nodeports'], '1')
  t.is(without['services.loadbalancers'], '1')
})

test('a claim counts what is kept for it, in whole bytes, and under its class', t => {
  const claim = (storage: string, more: object = {}) =>
    usage('persistentvolumeclaims', {
      metadata: {},
      spec: { storageClassName: 'gold', resources: { requests: { storage } } },
      ...more,
    })
  t.deepEqual(claim('1Gi'), {
    'count/persistentvolumeclaims': '1',
    persistentvolumeclaims: '1',
    'requests.storage': '1Gi',
    'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
    'gold.storageclass.storage.k8s.io/requests.storage': '1Gi',
  })
  t.is(claim('1500m')['requests.storage'], '2')
  t.is(claim('1Gi', { status: { allocatedResources: { storage: '3Gi' } } })['requests.storage'], '3Gi')
  t.is(claim('5Gi', { status: { allocatedResources: { storage: '3Gi' } } })['requests.storage'], '5Gi')
  const old = { metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'old' } } }
  t.is(claim('1Gi', old)['old.storageclass.storage.k8s.io/persistentvolumeclaims'], '1')
})

test('containers must speak of CPU and memory that are bounded, not of storage, nor where the Pod speaks for them', t => {
  const pod = (spec: object = {}): any => ({ spec: { containers: [{ name: 'c' }], ...spec } })
  const bounded = ['requests.cpu', 'limits.memory', 'requests.ephemeral-storage']
  t.is(missingAmounts(pod(), bounded), 'limits.memory for: c; requests.cpu for: c')
  t.is(missingAmounts(pod({ resources: { limits: { cpu: '1' } } }), bounded), undefined)
})

test('a kind takes of those names of a quota that are its own', t => {
  const names = [
    'pods',
    'count/pods',
    'limits.cpu',
    'hugepages-2Mi',
    'requests.example.com/gpu',
    'requests.storage',
    'gold.storageclass.storage.k8s.io/requests.storage',
    'services.nodeports',
    'count/deployments.apps',
  ]
  t.deepEqual(boundsOf('pods', names), names.slice(0, 5))
  t.deepEqual(boundsOf('persistentvolumeclaims', names), names.slice(5, 7))
  t.deepEqual(boundsOf('services', names), ['services.nodeports'])
  t.deepEqual(boundsOf('deployments.apps', names), ['count/deployments.apps'])
})

const CLAIMS: [what: string, claim: object, operator: string, values: string[], isChosen: boolean][] = [
  ['that wants a class', { spec: { volumeAttributesClassName: 'gold' } }, 'In', ['gold'], true],
  ['that has a class', { status: { currentVolumeAttributesClassName: 'gold' } }, 'In', ['gold'], true],
  [
    'on its way to a class',
    { status: { modifyVolumeStatus: { targetVolumeAttributesClassName: 'gold' } } },
    'In',
    ['gold'],
    true,
  ],
  ['of another class', { spec: { volumeAttributesClassName: 'tin' } }, 'In', ['gold'], false],
  ['of another class', { spec: { volumeAttributesClassName: 'tin' } }, 'NotIn', ['gold'], true],
  ['of any class', { spec: { volumeAttributesClassName: 'tin' } }, 'Exists', [], true],
  ['of no class', {}, 'Exists', [], false],
  ['of no class', {}, 'DoesNotExist', [], true],
  ['of no class', {}, 'NotIn', ['gold'], true],
]

for (const [what, claim, operator, values, isChosen] of CLAIMS) {
  test(`the scope VolumeAttributesClass ${operator} ${isChosen ? 'is' : 'is not'} about a claim ${what}`, t => {
    const matchExpressions = [{ scopeName: 'VolumeAttributesClass', operator, values }]
    const quota: any = { spec: { scopeSelector: { matchExpressions } } }
    t.is(isInScope(quota, 'persistentvolumeclaims', { metadata: {}, spec: {}, ...claim } as never), isChosen)
  })
}

test('a quota of claims is not about Pods, nor one of Pods about claims', t => {
  const scoped = (scopeName: string): any => ({ spec: { scopes: [scopeName] } })
  const pod: any = { metadata: {}, spec: { containers: [], volumeAttributesClassName: 'x' } }
  t.false(isInScope(scoped('VolumeAttributesClass'), 'pods', pod))
  t.false(isInScope(scoped('NotBestEffort'), 'persistentvolumeclaims', pod))
})
