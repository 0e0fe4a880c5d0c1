import test from 'ava'
import {
  type FlowSchema,
  flowSchemas,
  priorityLevelConfigurations,
} from '../../../../api/kinds/flowcontrol.ts'
import { startTestApiServer, type TestApiServer } from '../../../helpers/api-server.ts'

const ANNOTATION = 'apf.kubernetes.io/autoupdate-spec'
let api: TestApiServer

test.before(async () => {
  api = await startTestApiServer()
})
test.after.always(() => api.stop())

test.serial('a new server has the configuration that upstream has', async t => {
  const levels = await api.kubectl('1.32', 'get', 'prioritylevelconfigurations')
  t.deepEqual(
    levels
      .trim()
      .split('\n')
      .slice(1)
      .map(line => line.split(/ +/).slice(0, 6).join(' ')),
    [
      'catch-all Limited 5 <none> <none> <none>',
      'exempt Exempt <none> <none> <none> <none>',
      'global-default Limited 20 128 6 50',
      'leader-election Limited 10 16 4 50',
      'node-high Limited 40 64 6 50',
      'system Limited 30 64 6 50',
      'workload-high Limited 40 128 6 50',
      'workload-low Limited 100 128 6 50',
    ],
  )
  const schemas = await api.kubectl('1.32', 'get', 'flowschemas', '--sort-by=.spec.matchingPrecedence')
  t.deepEqual(
    schemas
      .trim()
      .split('\n')
      .slice(1)
      .map(line => line.split(/ +/).slice(0, 4).join(' ')),
    [
      'exempt exempt 1 <none>',
      'probes exempt 2 <none>',
      'system-leader-election leader-election 100 ByUser',
      'system-node-high node-high 400 ByUser',
      'system-nodes system 500 ByUser',
      'kube-controller-manager workload-high 800 ByNamespace',
      'kube-scheduler workload-high 800 ByNamespace',
      'kube-system-service-accounts workload-high 900 ByNamespace',
      'service-accounts workload-low 9000 ByUser',
      'global-default global-default 9900 ByUser',
      'catch-all catch-all 10000 ByUser',
    ],
  )
  const { metadata } = await api.client.get(flowSchemas, { name: 'probes' })
  t.is(metadata.annotations?.[ANNOTATION], 'true')
  const managers = metadata.managedFields?.map(({ manager }) => manager)
  t.true(managers?.includes('api-priority-and-fairness-config-producer-v1'))
})

/** Changes an object through what an administrator would send. */
async function change(name: string, alter: (schema: FlowSchema) => void): Promise<void> {
  const schema = await api.client.get(flowSchemas, { name })
  alter(schema)
  await api.client.update(flowSchemas, schema)
}

test.serial('at a start the configuration is mended, but not what an administrator keeps', async t => {
  await change('service-accounts', schema => {
    schema.spec.matchingPrecedence = 7000
  })
  await change('global-default', schema => {
    schema.metadata.annotations![ANNOTATION] = 'false'
    schema.spec.matchingPrecedence = 9800
  })
  await change('kube-scheduler', schema => {
    delete schema.metadata.annotations
  })
  const own = await api.client.get(flowSchemas, { name: 'probes' })
  const { labels, annotations } = { labels: { by: 'me' }, annotations: { [ANNOTATION]: 'true' } }
  await api.client.create(flowSchemas, { ...own, metadata: { name: 'former', annotations } })
  await api.client.create(flowSchemas, { ...own, metadata: { name: 'mine', labels } })
  await api.client.delete(flowSchemas, { name: 'catch-all' })
  await api.client.delete(priorityLevelConfigurations, { name: 'workload-low' })
  await api.restart()
  const { items } = await api.client.list(flowSchemas)
  const found = new Map(items.map(schema => [schema.metadata.name, schema]))
  t.is(found.get('service-accounts')?.spec.matchingPrecedence, 9000)
  t.is(found.get('global-default')?.spec.matchingPrecedence, 9800)
  t.is(found.get('kube-scheduler')?.metadata.annotations?.[ANNOTATION], 'true')
  t.false(found.has('former'))
  t.true(found.has('mine'))
  t.true(found.has('catch-all'))
  const level = await api.client.get(priorityLevelConfigurations, { name: 'workload-low' })
  t.is(level.spec.limited?.nominalConcurrencyShares, 100)
})

test.serial('what is right is not written again', async t => {
  const versions = async () =>
    (await api.client.list(flowSchemas)).items.map(({ metadata }) => metadata.resourceVersion)
  const before = await versions()
  await api.restart()
  t.deepEqual(await versions(), before)
})
