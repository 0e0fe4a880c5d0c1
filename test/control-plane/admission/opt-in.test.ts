import test from 'ava'
import type { Client } from '../../../api/client/client.ts'
import { deployments } from '../../../api/kinds/apps.ts'
import { namespaces, nodes } from '../../../api/kinds/core.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { isStatusError, notFound } from '../../../api/meta/status.ts'
import { NamespaceFinder } from '../../../control-plane/admission/matching/selection.ts'
import { alwaysDeny } from '../../../control-plane/admission/opt-in/always.ts'
import { alwaysPullImages } from '../../../control-plane/admission/opt-in/always-pull-images.ts'
import { limitAntiAffinity } from '../../../control-plane/admission/opt-in/anti-affinity.ts'
import { eventRateLimit } from '../../../control-plane/admission/opt-in/event-rate-limit.ts'
import { tolerateExtendedResources } from '../../../control-plane/admission/opt-in/extended-resources.ts'
import { denyExternalIps } from '../../../control-plane/admission/opt-in/external-ips.ts'
import {
  namespaceAutoProvision,
  namespaceExists,
} from '../../../control-plane/admission/opt-in/namespace-existence.ts'
import { ownerPermissions } from '../../../control-plane/admission/opt-in/owner-permissions.ts'
import { podNodeSelector } from '../../../control-plane/admission/opt-in/pod-node-selector.ts'
import { podTolerations } from '../../../control-plane/admission/opt-in/pod-tolerations.ts'
import { podTopologyLabels } from '../../../control-plane/admission/opt-in/topology-labels.ts'
import type { AuthorizationAttributes } from '../../../control-plane/auth/types.ts'
import { attributesOf, refusal } from '../../helpers/admission.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'

/** A client of an API that has nothing in it; what is created is kept in `made`. */
function emptyClient(): Client & { made: ApiObject[] } {
  const made: ApiObject[] = []
  const client = {
    made,
    get: (kind: { group: string; plural: string }, { name }: { name: string }) =>
      Promise.reject(notFound(kind, name)),
    create: (_kind: unknown, object: ApiObject) => Promise.resolve(made.push(object)),
  }
  return client as never
}

const namespace = (name: string, annotations: Record<string, string> = {}): any => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, annotations },
  spec: {},
})

function namespacesOf(...given: any[]) {
  const informers = createFakeInformers()
  informers.set(namespaces, ...given)
  return { informers, client: emptyClient(), finder: new NamespaceFinder(emptyClient(), informers) }
}

const pod = (spec: object = {}, metadata: object = {}): any => ({
  metadata: { name: 'p', ...metadata },
  spec: { containers: [{ name: 'a', image: 'app:1' }], ...spec },
})

test('AlwaysDeny refuses every write', async t => {
  const attributes = attributesOf('configmaps', { object: { metadata: { name: 'c' } } as never })
  t.is(
    await refusal(alwaysDeny, attributes),
    'configmaps "c" is forbidden: admission control is denying all modifications',
  )
})

test('AlwaysPullImages has every image asked for anew', async t => {
  const object = pod({ initContainers: [{ name: 'i', image: 'init', imagePullPolicy: 'Never' }] })
  t.is(await refusal(alwaysPullImages, attributesOf('pods', { object })), undefined)
  t.is(object.spec.containers[0].imagePullPolicy, 'Always')
  t.is(object.spec.initContainers[0].imagePullPolicy, 'Always')
})

test('AlwaysPullImages leaves Pods alone that get no new image', async t => {
  const oldObject = pod({ containers: [{ name: 'a', image: 'app:1', imagePullPolicy: 'Never' }] })
  const same = structuredClone(oldObject)
  const write = { operation: 'UPDATE', oldObject } as const
  t.is(await refusal(alwaysPullImages, attributesOf('pods', { ...write, object: same })), undefined)
  t.is(same.spec.containers[0].imagePullPolicy, 'Never')
  const other = pod({ containers: [{ name: 'a', image: 'app:2', imagePullPolicy: 'Never' }] })
  t.is(await refusal(alwaysPullImages, attributesOf('pods', { ...write, object: other })), undefined)
  t.is(other.spec.containers[0].imagePullPolicy, 'Always')
})

test('AlwaysPullImages tells of each policy that a webhook has set back', t => {
  const object = pod({
    containers: [
      { name: 'a', image: 'x', imagePullPolicy: 'Never' },
      { name: 'b', image: 'y' },
    ],
  })
  const error = t.throws(() => alwaysPullImages.validate!(attributesOf('pods', { object })))
  t.is(
    error?.message,
    '[pods "p" is forbidden: spec.containers[0].imagePullPolicy: Unsupported value: "Never": supported values: "Always", pods "p" is forbidden: spec.containers[1].imagePullPolicy: Unsupported value: "": supported values: "Always"]',
  )
})

test('LimitPodHardAntiAffinityTopology lets Pods keep others off a node, not off a zone', async t => {
  const away = (topologyKey: string) =>
    pod({
      affinity: {
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey }] },
      },
    })
  const ask = (key: string) => refusal(limitAntiAffinity, attributesOf('pods', { object: away(key) }))
  t.is(await ask('kubernetes.io/hostname'), undefined)
  t.is(
    await ask('zone'),
    'pods "p" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  )
})

test('NamespaceAutoProvision makes the namespace that is not there, but not for a dry run', async t => {
  const { informers, client } = namespacesOf(namespace('there'))
  const plugin = namespaceAutoProvision(client, informers)
  const object = { metadata: { name: 'c' } } as never
  for (const write of [{ namespace: 'there' }, { namespace: 'dry', dryRun: true }, { namespace: 'new' }]) {
    t.is(await refusal(plugin, attributesOf('configmaps', { object, ...write })), undefined)
  }
  t.deepEqual(
    client.made.map(({ metadata }) => metadata.name),
    ['new'],
  )
})

test('NamespaceExists refuses updates and deletions in a namespace that is not there', async t => {
  const { informers, client } = namespacesOf(namespace('there'))
  const plugin = namespaceExists(client, informers)
  const ask = (name: string) =>
    refusal(plugin, attributesOf('configmaps', { operation: 'DELETE', name: 'c', namespace: name }))
  t.is(await ask('there'), undefined)
  t.is(await ask('away'), 'namespaces "away" not found')
})

test('DenyServiceExternalIPs refuses addresses that a Service did not have before', async t => {
  const service = (...externalIPs: string[]): any => ({ metadata: { name: 's' }, spec: { externalIPs } })
  const ask = (object: any, oldObject?: any) =>
    refusal(
      denyExternalIps,
      attributesOf('services', { object, oldObject, operation: oldObject ? 'UPDATE' : 'CREATE' }),
    )
  const why = 'services "s" is forbidden: Use of external IPs is denied by admission control'
  t.is(await ask(service()), undefined)
  t.is(await ask(service('1.2.3.4')), why)
  t.is(await ask(service('1.2.3.4'), service('1.2.3.4', '1.2.3.5')), undefined)
  t.is(await ask(service('1.2.3.6'), service('1.2.3.4')), why)
})

test('ExtendedResourceToleration lets Pods onto the nodes of the devices they ask for', async t => {
  const object = pod({
    containers: [{ name: 'a', resources: { requests: { cpu: '1', 'b.com/tpu': '1', 'a.com/gpu': '2' } } }],
    tolerations: [{ key: 'a.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
  })
  t.is(await refusal(tolerateExtendedResources, attributesOf('pods', { object })), undefined)
  t.deepEqual(object.spec.tolerations, [
    { key: 'a.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'b.com/tpu', operator: 'Exists', effect: 'NoSchedule' },
  ])
})

test('PodNodeSelector gives Pods the selector of their namespace, or else that of the cluster', async t => {
  const { finder } = namespacesOf(
    namespace('own', { 'scheduler.alpha.kubernetes.io/node-selector': 'env=test, disk = ssd' }),
    namespace('plain'),
    namespace('listed'),
  )
  const plugin = podNodeSelector(finder, {
    clusterDefaultNodeSelector: 'env=any',
    listed: 'env=any,arch=arm',
  })
  const ask = async (name: string, nodeSelector?: object) => {
    const object = pod({ ...(nodeSelector && { nodeSelector }) })
    const why = await refusal(plugin, attributesOf('pods', { object, namespace: name }))
    return why ?? object.spec.nodeSelector
  }
  t.deepEqual(await ask('own', { a: 'b' }), { env: 'test', disk: 'ssd', a: 'b' })
  t.deepEqual(await ask('plain'), { env: 'any' })
  t.deepEqual(await ask('listed', { arch: 'arm' }), { env: 'any', arch: 'arm' })
  t.is(
    await ask('own', { env: 'live' }),
    'pods "p" is forbidden: pod node label selector conflicts with its namespace node label selector',
  )
  t.is(
    await ask('listed', { arch: 'x86' }),
    'pods "p" is forbidden: pod node label selector labels conflict with its namespace whitelist',
  )
})

test('PodTolerationRestriction adds tolerations of the namespace and lets in no others', async t => {
  const key = 'scheduler.alpha.kubernetes.io'
  const { finder } = namespacesOf(
    namespace('own', {
      [`${key}/defaultTolerations`]: '[{"key":"a","operator":"Exists"}]',
      [`${key}/tolerationsWhitelist`]:
        '[{"key":"a","operator":"Exists"},{"key":"b","operator":"Equal","value":"1"}]',
    }),
    namespace('plain'),
    namespace('broken', { [`${key}/defaultTolerations`]: '{' }),
  )
  const plugin = podTolerations(finder, {
    default: [{ key: 'c', operator: 'Exists' }],
    whitelist: [{ key: 'c', operator: 'Exists' }],
  })
  const ask = async (name: string, tolerations?: object[]) => {
    const object = pod({ ...(tolerations && { tolerations }) })
    const why = await refusal(plugin, attributesOf('pods', { object, namespace: name }))
    return why ?? object.spec.tolerations
  }
  t.deepEqual(await ask('own', [{ key: 'a', operator: 'Equal', value: 'x' }]), [
    { key: 'a', operator: 'Exists' },
  ])
  t.deepEqual(await ask('plain'), [{ key: 'c', operator: 'Exists' }])
  const conflict = 'pod tolerations (possibly merged with namespace default tolerations) conflict with its'
  t.is(await ask('own', [{ key: 'b', operator: 'Equal', value: '2' }]), `${conflict} namespace whitelist`)
  t.is(await ask('plain', [{ key: 'b', operator: 'Exists' }]), `${conflict} cluster whitelist`)
  t.regex(await ask('broken'), /defaultTolerations/)
})

test('PodTolerationRestriction lets Pods that have requests stay when memory runs short', async t => {
  const { finder } = namespacesOf(namespace('default'))
  const object = pod({ containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }] })
  t.is(await refusal(podTolerations(finder), attributesOf('pods', { object })), undefined)
  t.deepEqual(object.spec.tolerations, [
    { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  ])
})

test('EventRateLimit lets a burst through and then as many as come in a second', async t => {
  let now = 0
  const plugin = eventRateLimit([{ type: 'Namespace', qps: 2, burst: 3 }], () => now)
  const ask = (name: string, dryRun = false) =>
    refusal(plugin, attributesOf('events', { object: { metadata: {} } as never, namespace: name, dryRun }))
  const why = 'limit reached on type Namespace for key a'
  const answers = []
  for (let i = 0; i < 4; i++) answers.push(await ask('a'))
  t.deepEqual(answers, [undefined, undefined, undefined, why])
  t.is(await ask('a', true), undefined)
  t.is(await ask('b'), undefined)
  now = 500
  t.is(await ask('a'), undefined)
  t.is(await ask('a'), why)
})

test('EventRateLimit tells the limits that are reached apart, with status 429', t => {
  const plugin = eventRateLimit(
    [
      { type: 'Server', qps: 1, burst: 1 },
      { type: 'SourceAndObject', qps: 1, burst: 1, cacheSize: 1 },
    ],
    () => 0,
  )
  const event: any = { metadata: {}, source: { component: 'c' }, involvedObject: { kind: 'Pod', name: 'p' } }
  const attributes = attributesOf('events', { object: event })
  plugin.validate!(attributes)
  const error = t.throws(() => plugin.validate!(attributes))
  t.is(
    error?.message,
    '[limit reached on type Server for key , limit reached on type SourceAndObject for key cPodp]',
  )
  t.true(isStatusError(error) && error.code === 429)
})

test('OwnerReferencesPermissionEnforcement asks for the rights that the garbage collector stands in for', async t => {
  const asked: string[] = []
  const allowed = new Set<string>()
  const authorizer = {
    authorize({ verb, resource, subresource, name }: AuthorizationAttributes) {
      const what = `${verb} ${resource}${subresource ? `/${subresource}` : ''} ${name}`
      asked.push(what)
      return {
        allowed: allowed.has(what) ? ('allow' as const) : ('no-opinion' as const),
        reason: 'no rights',
      }
    },
  }
  const forms = {
    find: (_version: string, kind: string) => (kind === 'Deployment' ? deployments : undefined),
  }
  const plugin = ownerPermissions(authorizer, forms as never)
  const owned = (owner?: object): any => ({
    metadata: {
      name: 'c',
      ...(owner && {
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'u', ...owner }],
      }),
    },
  })
  const update = (object: any, oldObject: any) =>
    refusal(plugin, attributesOf('configmaps', { operation: 'UPDATE', object, oldObject, name: 'c' }))
  t.is(await refusal(plugin, attributesOf('configmaps', { object: owned({}) })), undefined)
  t.is(await update(owned({}), owned({})), undefined)
  t.deepEqual(asked, [])
  t.is(
    await update(owned({}), owned()),
    `configmaps "c" is forbidden: cannot set an ownerRef on a resource you can't delete: no rights, <nil>`,
  )
  allowed.add('delete configmaps c')
  t.is(await update(owned({}), owned()), undefined)
  t.is(
    await update(owned({ blockOwnerDeletion: true }), owned({})),
    `configmaps "c" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: no rights, <nil>`,
  )
  allowed.add('update deployments/finalizers d')
  t.is(await update(owned({ blockOwnerDeletion: true }), owned({})), undefined)
  t.regex(
    (await update(owned({ kind: 'Odd', blockOwnerDeletion: true }), owned()))!,
    /cannot find RESTMapping for APIVersion apps\/v1 Kind Odd: no matches for kind "Odd" in version "apps\/v1"/,
  )
})

test('PodTopologyLabels tells a Pod and its binding the zone of the node, and leaves labels that are there', async t => {
  const informers = createFakeInformers()
  const labels = { 'topology.k8s.io/zone': 'z', 'topology.k8s.io/region': 'r', other: 'x' }
  informers.set(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', labels } } as never)
  const plugin = podTopologyLabels(informers)
  const object = pod({ nodeName: 'n' }, { labels: { 'topology.k8s.io/zone': 'mine' } })
  t.is(await refusal(plugin, attributesOf('pods', { object })), undefined)
  t.deepEqual(object.metadata.labels, { 'topology.k8s.io/zone': 'mine', 'topology.k8s.io/region': 'r' })
  const binding: any = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }
  t.is(await refusal(plugin, attributesOf('pods', { object: binding, subresource: 'binding' })), undefined)
  t.deepEqual(binding.metadata.labels, { 'topology.k8s.io/zone': 'z', 'topology.k8s.io/region': 'r' })
})
