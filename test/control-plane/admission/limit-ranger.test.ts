import test from 'ava'
import { limitRanges } from '../../../api/kinds/core.ts'
import { limitRanger } from '../../../control-plane/admission/limit-ranger.ts'
import { attributesOf, refusal } from '../../helpers/admission.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'

/** The plugin in a namespace with these LimitRanges, by name. */
function pluginOf(ranges: Record<string, object[]>) {
  const informers = createFakeInformers()
  const plugin = limitRanger(informers)
  for (const [name, limits] of Object.entries(ranges)) {
    informers.set(limitRanges, { metadata: { name, namespace: 'default' }, spec: { limits } } as never)
  }
  return plugin
}

const pod = (resources: object = {}, spec: object = {}, metadata: object = {}): any => ({
  metadata: { name: 'p', ...metadata },
  spec: { containers: [{ name: 'c', resources }], ...spec },
})

test('of several LimitRanges the first by name that gives something counts, and the rest fills in what is left', async t => {
  const plugin = pluginOf({
    b: [{ type: 'Container', default: { cpu: '2', memory: '2Gi' }, defaultRequest: { cpu: '2' } }],
    a: [{ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '100m' } }],
  })
  const object = pod()
  t.is(await refusal(plugin, attributesOf('pods', { object })), undefined)
  t.deepEqual(object.spec.containers[0].resources, {
    limits: { cpu: '1', memory: '2Gi' },
    requests: { cpu: '100m' },
  })
  // The last one that did something says so.
  t.deepEqual(object.metadata.annotations, {
    'kubernetes.io/limit-ranger': 'LimitRanger plugin set: memory limit for container c',
  })
})

test('within one LimitRange the last limit counts', async t => {
  const plugin = pluginOf({
    a: [
      { type: 'Container', default: { cpu: '1' } },
      { type: 'Container', default: { cpu: '2' } },
    ],
  })
  const object = pod()
  t.is(await refusal(plugin, attributesOf('pods', { object })), undefined)
  t.deepEqual(object.spec.containers[0].resources, { limits: { cpu: '2' } })
})

test('only the first LimitRange that is broken is told of', async t => {
  const plugin = pluginOf({
    b: [{ type: 'Container', max: { memory: '1Mi' } }],
    a: [
      { type: 'Container', max: { cpu: '1' } },
      { type: 'Pod', max: { cpu: '2' } },
    ],
  })
  const object = pod({ limits: { cpu: '3', memory: '1Gi' }, requests: { cpu: '1' } })
  t.is(
    await refusal(plugin, attributesOf('pods', { object })),
    'pods "p" is forbidden: [maximum cpu usage per Container is 1, but limit is 3, maximum cpu usage per Pod is 2, but limit is 3]',
  )
})

test('what a Pod says as a whole is what a limit of Pods looks at', async t => {
  const plugin = pluginOf({ a: [{ type: 'Pod', max: { cpu: '2' } }] })
  const ask = (cpu: string) => {
    const object = pod({ limits: { cpu: '3' } }, { resources: { limits: { cpu }, requests: { cpu: '1' } } })
    return refusal(plugin, attributesOf('pods', { object }))
  }
  t.is(await ask('2'), undefined)
  t.is(await ask('4'), 'pods "p" is forbidden: maximum cpu usage per Pod is 2, but limit is 4')
})

test('a Pod is held to limits when it is resized, and left alone when it is changed otherwise or goes', async t => {
  const plugin = pluginOf({ a: [{ type: 'Container', max: { cpu: '1' } }] })
  const object = pod({ limits: { cpu: '2' }, requests: { cpu: '1' } })
  const resize = (subresource: string, oldObject: any) =>
    refusal(plugin, attributesOf('pods', { operation: 'UPDATE', subresource, object, oldObject }))
  const why = 'pods "p" is forbidden: maximum cpu usage per Container is 1, but limit is 2'
  t.is(await resize('resize', pod()), why)
  t.is(await resize('', pod()), undefined)
  t.is(await resize('resize', pod({}, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })), undefined)
})
