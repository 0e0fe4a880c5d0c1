import test from 'ava'
import { deployments, replicaSets } from '../../../api/kinds/apps.ts'
import { configMaps, pods, secrets } from '../../../api/kinds/core.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import type { ObjectMeta, OwnerReference } from '../../../api/meta/object.ts'
import { startTestControlLoops, type TestControlLoops } from '../../helpers/control-loops.ts'

let loops: TestControlLoops
test.before(async () => {
  loops = await startTestControlLoops({ nodes: ['n1'] })
  await Promise.all([configMaps, secrets].map(kind => loops.watched(kind as never)))
  await Promise.all([loops.watched(pods), loops.watched(replicaSets), loops.watched(deployments)])
})
test.after.always(() => loops?.stop())

const kubectl = (...args: string[]): Promise<string> => loops.api.kubectl('1.32', ...args)

const owner = ({ name, uid }: ObjectMeta, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  uid: uid!,
  ...more,
})

async function createMap(name: string, ownerReferences: OwnerReference[] = []): Promise<ObjectMeta> {
  const metadata = { name, namespace: 'default', ownerReferences }
  return (await loops.client.create(configMaps, { metadata })).metadata
}

async function createSecret(name: string, ...ownerReferences: OwnerReference[]): Promise<ObjectMeta> {
  const metadata = { name, namespace: 'default', ownerReferences }
  return (await loops.client.create(secrets, { metadata })).metadata
}

const mapIsGone = (name: string) => loops.waitUntil(configMaps, cache => !cache.get(`default/${name}`))
const secretIsGone = (name: string) => loops.waitUntil(secrets, cache => !cache.get(`default/${name}`))
const remove = (name: string, policy: 'background' | 'foreground' | 'orphan') =>
  kubectl('delete', 'configmap', name, `--cascade=${policy}`, '--wait=false')

test('dependents of any kind go after their owner in the background, and so do theirs', async t => {
  const top = await createMap('b-top')
  const middle = await createSecret('b-middle', owner(top))
  await createMap('b-bottom', [{ apiVersion: 'v1', kind: 'Secret', name: middle.name, uid: middle.uid! }])
  await remove('b-top', 'background')
  await Promise.all([secretIsGone('b-middle'), mapIsGone('b-bottom')])
  t.pass()
})

test('in the foreground the owner goes last', async t => {
  const top = await createMap('f-top')
  await createSecret('f-dependent', owner(top, { blockOwnerDeletion: true }))
  await remove('f-top', 'foreground')
  await mapIsGone('f-top')
  await t.throwsAsync(loops.client.get(secrets, { name: 'f-dependent', namespace: 'default' }), {
    message: 'secrets "f-dependent" not found',
  })
})

// Found by upstream's conformance tests: each waited for the next one to go first.
test('owners in a circle go in the foreground too', async t => {
  const first = await createMap('c-first')
  const second = await createMap('c-second', [owner(first, { blockOwnerDeletion: true })])
  const third = await createMap('c-third', [owner(second, { blockOwnerDeletion: true })])
  const body = { metadata: { ownerReferences: [owner(third, { blockOwnerDeletion: true })] } }
  await loops.client.patch(configMaps, first, { type: 'merge', body })
  await remove('c-first', 'foreground')
  await Promise.all(['c-first', 'c-second', 'c-third'].map(mapIsGone))
  t.pass()
})

test('orphans stay and forget their owner', async t => {
  const top = await createMap('o-top')
  await createSecret('o-dependent', owner(top))
  await remove('o-top', 'orphan')
  await mapIsGone('o-top')
  await loops.waitFor(secrets, 'default/o-dependent', ({ metadata }) => !metadata.ownerReferences?.length)
  t.pass()
})

test('an object stays as long as one of its owners does', async t => {
  const [a, b] = [await createMap('two-a'), await createMap('two-b')]
  await createSecret('two-dependent', owner(a), owner(b))
  await remove('two-a', 'background')
  const { metadata } = await loops.waitFor(
    secrets,
    'default/two-dependent',
    object => object.metadata.ownerReferences?.length === 1,
  )
  t.is(metadata.ownerReferences![0]!.uid, b.uid!)
  await remove('two-b', 'background')
  await secretIsGone('two-dependent')
})

test('an object whose owner never was is removed, one of a kind nobody knows is left alone', async t => {
  await createSecret('never', owner({ name: 'nobody', uid: 'no-such-uid' } as ObjectMeta))
  const unknown = { apiVersion: 'example.com/v1', kind: 'Thing', name: 'x', uid: 'y' }
  await createSecret('unknown', unknown)
  await secretIsGone('never')
  t.truthy(await loops.client.get(secrets, { name: 'unknown', namespace: 'default' }))
})

test('an owner made anew under the same name is another owner', async t => {
  const first = await createMap('again')
  await remove('again', 'orphan')
  await mapIsGone('again')
  const second = await createMap('again')
  await createSecret('of-first', owner(first))
  await createSecret('of-second', owner(second))
  await secretIsGone('of-first')
  t.truthy(await loops.client.get(secrets, { name: 'of-second', namespace: 'default' }))
})

test('a deleted Deployment takes its ReplicaSets and Pods along, in the foreground before it goes', async t => {
  await kubectl('create', 'deployment', 'cascade', '--image=i', '--replicas=3')
  const isMine = ({ metadata }: { metadata: ObjectMeta }) => metadata.labels?.app === 'cascade'
  await loops.waitUntil(pods, cache => cache.list().filter(isMine).length === 3)
  await kubectl('delete', 'deployment', 'cascade', '--cascade=foreground')
  t.is(
    (await loops.client.list(replicaSets, { namespace: 'default', labelSelector: 'app=cascade' })).items
      .length,
    0,
  )
  const left: Pod[] = (await loops.client.list(pods, { namespace: 'default', labelSelector: 'app=cascade' }))
    .items
  t.is(left.length, 0)
})
