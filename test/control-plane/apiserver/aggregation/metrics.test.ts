import test from 'ava'
import { Registry } from 'prom-client'
import { type ApiService, apiServices } from '../../../../api/kinds/apiregistration.ts'
import { registerAvailability } from '../../../../control-plane/apiserver/aggregation/metrics.ts'
import { createFakeInformers } from '../../../helpers/fake-informers.ts'

test('it is told which APIServices cannot be used, and how often that came about', async t => {
  const informers = createFakeInformers()
  const registry = new Registry()
  registerAvailability(registry, informers)
  const set = (isAvailable: boolean, reason: string) => {
    const condition = { type: 'Available', status: isAvailable ? 'True' : 'False', reason }
    const service = { metadata: { name: 'v1.a.example.com' }, status: { conditions: [condition] } }
    informers.set(apiServices, service as ApiService)
  }
  const told = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter(line => line.startsWith('aggregator_'))
  set(false, 'ServiceNotFound')
  set(true, 'Passed')
  const name = 'name="v1.a.example.com"'
  t.deepEqual(await told(), [`aggregator_unavailable_apiservice{${name}} 0`])
  set(false, 'MissingEndpoints')
  set(false, 'ServiceNotFound')
  t.deepEqual(await told(), [
    `aggregator_unavailable_apiservice{${name}} 1`,
    `aggregator_unavailable_apiservice_total{${name},reason="MissingEndpoints"} 1`,
  ])
})
