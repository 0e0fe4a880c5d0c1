import test from 'ava'
import type { Client } from '../../../api/client/client.ts'
import { resourceQuotas } from '../../../api/kinds/core.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import type { LimitedResource } from '../../../control-plane/admission/limited-resources.ts'
import { resourceQuotaAdmission } from '../../../control-plane/admission/resource-quota.ts'
import { attributesOf, refusal } from '../../helpers/admission.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'

interface Given {
  quotas?: object[]
  limited?: LimitedResource[]
}

function pluginOf({ quotas = [], limited = [] }: Given) {
  const informers = createFakeInformers()
  const noted: Record<string, string>[] = []
  const client = {
    update: (_kind: unknown, { status }: ApiObject) => Promise.resolve(noted.push(status.used)),
  } as unknown as Client
  const plugin = resourceQuotaAdmission(client, informers, limited)
  for (const quota of quotas) {
    informers.set(resourceQuotas, {
      spec: {},
      ...quota,
      metadata: { name: 'q', namespace: 'default' },
    } as never)
  }
  return { plugin, noted }
}

const pod = (priorityClassName?: string): any => ({
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', resources: {} }], ...(priorityClassName && { priorityClassName }) },
})
const claim = (volumeAttributesClassName?: string, status?: object): any => ({
  metadata: { name: 'c' },
  spec: {
    storageClassName: 'gold',
    resources: { requests: { storage: '1Gi' } },
    ...(volumeAttributesClassName && { volumeAttributesClassName }),
  },
  ...(status && { status }),
})

test('a quota that was not measured yet bounds nothing; one that was in part is waited for', async t => {
  const object = pod()
  const ask = (status?: object) =>
    refusal(pluginOf({ quotas: [{ status }] }).plugin, attributesOf('pods', { object }))
  t.is(await ask(), undefined)
  t.is(
    await ask({ hard: { pods: '1', 'count/pods': '1' }, used: { pods: '0' } }),
    'pods "p" is forbidden: status unknown for quota: q, resources: count/pods,pods',
  )
})

test('a claim that comes into the scope of a quota is charged as a whole', async t => {
  const spec = {
    scopeSelector: {
      matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator: 'In', values: ['fast'] }],
    },
  }
  const status = { hard: { persistentvolumeclaims: '1' }, used: { persistentvolumeclaims: '0' } }
  const update = (given: object, before: string) => {
    const { plugin, noted } = pluginOf({ quotas: [{ spec, status: given }] })
    const write = { operation: 'UPDATE', object: claim('fast'), oldObject: claim(before) } as const
    return refusal(plugin, attributesOf('persistentvolumeclaims', write)).then(why => why ?? noted)
  }
  t.deepEqual(await update(status, 'slow'), [{ persistentvolumeclaims: '1' }])
  t.deepEqual(await update(status, 'fast'), [])
  t.is(
    await update({ ...status, used: { persistentvolumeclaims: '1' } }, 'slow'),
    'persistentvolumeclaims "c" is forbidden: exceeded quota: q, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=1, limited: persistentvolumeclaims=1',
  )
})

test('what a claim was given is noted, even where that is more than there was room for', async t => {
  const status = { hard: { 'requests.storage': '1Gi' }, used: { 'requests.storage': '1Gi' } }
  const { plugin, noted } = pluginOf({ quotas: [{ status }] })
  const object = claim(undefined, { allocatedResources: { storage: '3Gi' } })
  const write = { operation: 'UPDATE', subresource: 'status', object, oldObject: claim() } as const
  t.is(await refusal(plugin, attributesOf('persistentvolumeclaims', write)), undefined)
  t.deepEqual(noted, [{ 'requests.storage': '3Gi' }])
})

test('what is limited needs a quota that covers it', async t => {
  const limited = [
    { resource: 'persistentvolumeclaims', matchContains: ['gold.storageclass.storage.k8s.io/'] },
  ]
  const name = 'gold.storageclass.storage.k8s.io/requests.storage'
  const ask = (quotas: object[]) =>
    refusal(pluginOf({ quotas, limited }).plugin, attributesOf('persistentvolumeclaims', { object: claim() }))
  t.is(
    await ask([]),
    'persistentvolumeclaims "c" is forbidden: insufficient quota to consume: gold.storageclass.storage.k8s.io/persistentvolumeclaims,gold.storageclass.storage.k8s.io/requests.storage',
  )
  const count = 'gold.storageclass.storage.k8s.io/persistentvolumeclaims'
  const status = { hard: { [name]: '5Gi', [count]: '5' }, used: { [name]: '0', [count]: '0' } }
  t.is(await ask([{ status }]), undefined)
  const half = { hard: { [name]: '5Gi' }, used: { [name]: '0' } }
  t.is(
    await ask([{ status: half }]),
    `persistentvolumeclaims "c" is forbidden: insufficient quota to consume: ${count}`,
  )
})

test('a priority that is limited needs a quota that is about it', async t => {
  const requirement = { scopeName: 'PriorityClass', operator: 'In', values: ['high', 'higher'] }
  const limited = [{ resource: 'pods', matchScopes: [requirement] }]
  const ask = (priority: string, quotas: object[] = []) =>
    refusal(pluginOf({ quotas, limited }).plugin, attributesOf('pods', { object: pod(priority) }))
  t.is(await ask('low'), undefined)
  t.is(await ask('high'), 'insufficient quota to match these scopes: [{PriorityClass In [high higher]}]')
  const spec = { scopeSelector: { matchExpressions: [requirement] } }
  const status = { hard: { pods: '1' }, used: { pods: '0' } }
  t.is(await ask('high', [{ spec, status }]), undefined)
})

test('Events and what is not kept are not counted', t => {
  const { plugin } = pluginOf({})
  const handles = (resource: string) => plugin.handles!(attributesOf(resource, {}))
  t.true(handles('configmaps'))
  t.false(handles('events'))
  t.false(handles('bindings'))
  t.false(handles('localsubjectaccessreviews.authorization.k8s.io'))
})
