import test from 'ava'
import { configMaps, namespaces } from '../../../api/kinds/core.ts'
import { startTestControlLoops, type TestControlLoops } from '../../helpers/control-loops.ts'
import { definition, establish, version } from '../../helpers/custom-resources.ts'

const GROUP = 'loops.example.com'
let loops: TestControlLoops
test.before(async () => {
  loops = await startTestControlLoops({ scheduler: false })
  await Promise.all([loops.watched(namespaces), loops.watched(configMaps)])
  const versions = [version('v1'), version('v1beta1', {}, { storage: false })]
  await establish(loops.api, definition(GROUP, versions))
})
test.after.always(() => loops?.stop())

const createThing = async (namespace: string, name: string): Promise<{ name: string; uid: string }> => {
  const path = `/apis/${GROUP}/v1/namespaces/${namespace}/things`
  const body = { apiVersion: `${GROUP}/v1`, kind: 'Thing', metadata: { name } }
  return (await loops.api.raw(path, { body })).body.metadata
}
const ownedBy = (apiVersion: string, { name, uid }: { name: string; uid: string }, more: object = {}) => ({
  metadata: {
    name: `of-${name}`,
    namespace: 'default',
    ownerReferences: [{ apiVersion, kind: 'Thing', name, uid, ...more }],
  },
})
const isGone = (name: string) => loops.waitUntil(configMaps, cache => !cache.get(`default/${name}`))

for (const v of ['v1', 'v1beta1']) {
  test(`what a custom resource owns goes with it, ${v}`, async t => {
    const owner = await createThing('default', `owner-${v}`)
    await loops.client.create(configMaps, ownedBy(`${GROUP}/${v}`, owner))
    await loops.api.kubectl('1.32', 'delete', 'thing', owner.name)
    await isGone(`of-${owner.name}`)
    t.pass()
  })
}

test('a custom resource that is deleted in the foreground goes after what it owns', async t => {
  const owner = await createThing('default', 'foreground')
  const blocking = { blockOwnerDeletion: true }
  await loops.client.create(configMaps, ownedBy(`${GROUP}/v1`, owner, blocking))
  await loops.api.kubectl('1.32', 'delete', 'thing', owner.name, '--cascade=foreground', '--timeout=180s')
  t.is((await loops.api.raw('/api/v1/namespaces/default/configmaps/of-foreground')).status, 404)
})

test('a namespace that is deleted takes its custom resources along', async t => {
  await loops.createNamespace('customs')
  await createThing('customs', 'inside')
  await loops.api.kubectl('1.32', 'delete', 'namespace', 'customs', '--timeout=180s')
  t.is((await loops.api.raw(`/apis/${GROUP}/v1/namespaces/customs/things/inside`)).status, 404)
})
