import test from 'ava'
import { persistentVolumeClaims, pods } from '../../../api/kinds/core.ts'
import { startTestControlLoops, type TestControlLoops } from '../../helpers/control-loops.ts'

let loops: TestControlLoops
test.before(async () => {
  loops = await startTestControlLoops({ nodes: ['n1'] })
  await Promise.all([pods, persistentVolumeClaims].map(kind => loops.watched(kind as never)))
})
test.after.always(() => loops?.stop())

async function isGone(path: string): Promise<boolean> {
  const end = Date.now() + 120_000
  while (Date.now() < end) {
    if ((await loops.api.raw(path)).status === 404) return true
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return false
}

test('a claim goes when the last Pod that uses it has gone', async t => {
  await loops.createNamespace('held')
  const claims = '/api/v1/namespaces/held/persistentvolumeclaims'
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  const { body } = await loops.api.raw(claims, { body: { metadata: { name: 'c' }, spec } })
  t.deepEqual(body.metadata.finalizers, ['kubernetes.io/pvc-protection'])
  await loops.api.raw('/api/v1/namespaces/held/pods', {
    body: {
      metadata: { name: 'p' },
      spec: {
        nodeName: 'n1',
        containers: [{ name: 'c', image: 'x' }],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
      },
    },
  })
  await loops.waitFor(pods, 'held/p', pod => pod !== undefined)
  await loops.api.raw(`${claims}/c`, { method: 'DELETE' })
  await loops.waitFor(persistentVolumeClaims, 'held/c', ({ metadata }: any) => metadata.deletionTimestamp)
  await loops.api.raw('/api/v1/namespaces/held/pods/p', { method: 'DELETE' })
  t.true(await isGone(`${claims}/c`))
})

test('a volume that nobody has goes at once', async t => {
  const volumes = '/api/v1/persistentvolumes'
  const { body } = await loops.api.raw(volumes, {
    body: {
      metadata: { name: 'v' },
      spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/x' } },
    },
  })
  t.deepEqual(body.metadata.finalizers, ['kubernetes.io/pv-protection'])
  await loops.api.raw(`${volumes}/v`, { method: 'DELETE' })
  t.true(await isGone(`${volumes}/v`))
})
