import test from 'ava'
import { startTestApiServer, type TestApiServer } from '../../helpers/api-server.ts'

let api: TestApiServer

test.before(async () => {
  api = await startTestApiServer({
    admission: {
      enable: ['NamespaceAutoProvision', 'AlwaysPullImages', 'PodTopologyLabels', 'DenyServiceExternalIPs'],
      disable: ['ServiceAccount', 'DefaultTolerationSeconds'],
    },
  })
})
test.after.always(() => api?.stop())

const pod = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'a', image: 'app:1', imagePullPolicy: 'Never' }] },
})

test('plugins that are switched on work in a server, and those that are off do not', async t => {
  const { status, body } = await api.raw('/api/v1/namespaces/fresh/pods', { method: 'POST', body: pod('a') })
  t.is(status, 201)
  t.is(body.spec.containers[0].imagePullPolicy, 'Always')
  t.is(body.spec.tolerations, undefined)
  t.is(body.spec.serviceAccountName, undefined)
  t.is((await api.raw('/api/v1/namespaces/fresh')).body.status.phase, 'Active')
  const spec = { ports: [{ port: 80 }], externalIPs: ['192.0.2.7'] }
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec }
  const refused = await api.raw('/api/v1/namespaces/fresh/services', { method: 'POST', body: service })
  t.is(refused.body.message, 'services "s" is forbidden: Use of external IPs is denied by admission control')
})

test('a Pod learns the zone of the node that it is bound to', async t => {
  const labels = { 'topology.k8s.io/zone': 'z' }
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', labels } }
  t.is((await api.raw('/api/v1/nodes', { method: 'POST', body: node })).status, 201)
  const pods = '/api/v1/namespaces/bound/pods'
  t.is((await api.raw(pods, { method: 'POST', body: pod('b') })).status, 201)
  const target = { apiVersion: 'v1', kind: 'Node', name: 'n' }
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'b' }, target }
  t.is((await api.raw(`${pods}/b/binding`, { method: 'POST', body: binding })).status, 201)
  t.deepEqual((await api.raw(`${pods}/b`)).body.metadata.labels, labels)
})
