import * as k8s from '@kubernetes/client-node'
import type { ExecutionContext } from 'ava'

/** What programs do with the official JavaScript client, by name. */
export const clientCalls: Record<
  string,
  (t: ExecutionContext, config: k8s.KubeConfig, ns: string) => Promise<void>
> = {
  async 'create, read, list'(t, config, namespace) {
    const core = config.makeApiClient(k8s.CoreV1Api)
    const body = { metadata: { name: 'made', labels: { by: 'client' } }, data: { a: 'b' } }
    await core.createNamespacedConfigMap({ namespace, body })
    const read = await core.readNamespacedConfigMap({ namespace, name: 'made' })
    t.deepEqual(read.data, { a: 'b' })
    t.true(read.metadata!.creationTimestamp instanceof Date)
    const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: 'by=client' })
    t.deepEqual(
      items.map(item => item.metadata!.name),
      ['made'],
    )
  },
  async 'replace, patch'(t, config, namespace) {
    const core = config.makeApiClient(k8s.CoreV1Api)
    const body = await core.readNamespacedConfigMap({ namespace, name: 'made' })
    body.data = { a: 'c' }
    t.is((await core.replaceNamespacedConfigMap({ namespace, name: 'made', body })).data!.a, 'c')
    const patched = await core.patchNamespacedConfigMap(
      { namespace, name: 'made', body: [{ op: 'add', path: '/data/x', value: 'y' }] },
      k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.JsonPatch),
    )
    t.deepEqual(patched.data, { a: 'c', x: 'y' })
    const merged = await core.patchNamespacedConfigMap(
      { namespace, name: 'made', body: { data: { x: null } } },
      k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch),
    )
    t.deepEqual(merged.data, { a: 'c' })
  },
  async errors(t, config, namespace) {
    const core = config.makeApiClient(k8s.CoreV1Api)
    const error = await t.throwsAsync<k8s.ApiException<string>>(
      core.readNamespacedConfigMap({ namespace, name: 'missing' }),
    )
    t.is(error!.code, 404)
    t.is(JSON.parse(error!.body).reason, 'NotFound')
  },
  async watch(t, config, namespace) {
    const core = config.makeApiClient(k8s.CoreV1Api)
    const seen = Promise.withResolvers<string>()
    const path = `/api/v1/namespaces/${namespace}/secrets`
    const request = await new k8s.Watch(config).watch(
      path,
      {},
      (type, object) => seen.resolve(`${type} ${object.metadata.name}`),
      () => {},
    )
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: 'watched' } } })
    t.is(await seen.promise, 'ADDED watched')
    request.abort()
  },
  async informer(t, config, namespace) {
    const core = config.makeApiClient(k8s.CoreV1Api)
    const list = () => core.listNamespacedConfigMap({ namespace })
    const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list)
    const changed = Promise.withResolvers<string>()
    informer.on('update', object => changed.resolve(object.data!.a!))
    await informer.start()
    await core.patchNamespacedConfigMap(
      { namespace, name: 'made', body: { data: { a: 'seen' } } },
      k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch),
    )
    t.is(await changed.promise, 'seen')
    await informer.stop()
  },
  async 'generic objects'(t, config, namespace) {
    const objects = k8s.KubernetesObjectApi.makeApiClient(config)
    const spec = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'generic', namespace } }
    await objects.create({ ...spec, spec: { ports: [{ port: 80 }] } } as k8s.KubernetesObject)
    const read = (await objects.read(spec)) as k8s.V1Service
    t.is(read.spec!.type, 'ClusterIP')
    await objects.delete(spec)
  },
  async delete(t, config, namespace) {
    const core = config.makeApiClient(k8s.CoreV1Api)
    t.is((await core.deleteNamespacedConfigMap({ namespace, name: 'made' })).status, 'Success')
    const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: 'by=client' })
    t.is(items.length, 0)
  },
}
