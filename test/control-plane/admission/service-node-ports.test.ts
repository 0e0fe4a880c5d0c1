import test from 'ava'
import { startTestApiServer, type TestApiServer } from '../../helpers/api-server.ts'

const SERVICES = '/api/v1/namespaces/default/services'
const TAKEN = '/api/v1/namespaces/kube-system/configmaps?labelSelector=skiff.dev/node-port'

let api: TestApiServer
test.before(async () => {
  api = await startTestApiServer()
})
test.after.always(() => api?.stop())

const create = (name: string, spec: object) => api.raw(SERVICES, { body: { metadata: { name }, spec } })
const update = async (name: string, change: (spec: any) => void) => {
  const { body } = await api.raw(`${SERVICES}/${name}`)
  change(body.spec)
  return api.raw(`${SERVICES}/${name}`, { method: 'PUT', body })
}
const takenPorts = async (): Promise<number[]> => {
  const { body } = await api.raw(TAKEN)
  return body.items.map(({ metadata }: any) => Number(metadata.labels['skiff.dev/node-port']))
}
const balancer = (more: object = {}) => ({
  type: 'LoadBalancer',
  externalTrafficPolicy: 'Local',
  ports: [{ port: 80 }],
  ...more,
})

test('a balanced Service that keeps traffic on its node gets a port for health checks, and keeps it', async t => {
  const { spec } = (await create('local', balancer())).body
  t.true(spec.healthCheckNodePort >= 30_000)
  t.not(spec.healthCheckNodePort, spec.ports[0].nodePort)
  const kept = await update('local', changed => {
    delete changed.healthCheckNodePort
    delete changed.ports[0].nodePort
    changed.ports[0].port = 81
  })
  t.is(kept.body.spec.healthCheckNodePort, spec.healthCheckNodePort)
  t.is(kept.body.spec.ports[0].nodePort, spec.ports[0].nodePort)

  const { body } = await update('local', changed => (changed.externalTrafficPolicy = 'Cluster'))
  t.is(body.spec.healthCheckNodePort, undefined)
  t.false((await takenPorts()).includes(spec.healthCheckNodePort))
  await api.raw(`${SERVICES}/local`, { method: 'DELETE' })
  t.false((await takenPorts()).includes(spec.ports[0].nodePort))
})

test('a port for health checks can be asked for, once', async t => {
  t.is(
    (await create('asks', balancer({ healthCheckNodePort: 30_123 }))).body.spec.healthCheckNodePort,
    30_123,
  )
  const refused = await create('late', balancer({ healthCheckNodePort: 30_123 }))
  t.is(refused.status, 500)
  t.regex(
    refused.body.message,
    /failed to allocate requested HealthCheck NodePort 30123: provided port is already allocated$/,
  )
})

test('protocols of one port share a node port', async t => {
  const ports = [
    { name: 'tcp', port: 53 },
    { name: 'udp', port: 53, protocol: 'UDP' },
    { name: 'web', port: 80 },
  ]
  const { body } = await create('dns', { type: 'NodePort', ports })
  const [tcp, udp, web] = body.spec.ports.map(({ nodePort }: any) => nodePort)
  t.is(tcp, udp)
  t.not(tcp, web)
  const asked = [ports[0], { ...ports[1], nodePort: 30_053 }]
  const named = await create('dns-asked', { type: 'NodePort', ports: asked })
  t.deepEqual(
    named.body.spec.ports.map(({ nodePort }: any) => nodePort),
    [30_053, 30_053],
  )
  const refused = await create('dns-late', { type: 'NodePort', ports: [{ port: 1, nodePort: 30_053 }] })
  t.is(refused.status, 422)
  t.is(
    refused.body.message,
    'Service "dns-late" is invalid: spec.ports[0].nodePort: Invalid value: 30053: provided port is already allocated',
  )
})

test('a balanced Service may do without node ports', async t => {
  const { body } = await create('none', balancer({ allocateLoadBalancerNodePorts: false }))
  t.is(body.spec.ports[0].nodePort, undefined)
})
