import type { Controller } from '../../api/client/controller.ts'
import { configMaps, namespaces, serviceAccounts } from '../../api/kinds/core.ts'
import { isAlreadyExists } from '../../api/meta/status.ts'
import type { ControllerContext } from './context.ts'

const ACCOUNT = 'default'
const CA_MAP = 'kube-root-ca.crt'
const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

const ignoreExisting = (error: unknown): void => {
  if (!isAlreadyExists(error)) throw error
}

const isActive = (namespace: { status?: { phase?: string } } | undefined): boolean =>
  namespace?.status?.phase === 'Active'

/** Every namespace has a service account `default`. */
export function serviceAccountController({ client, informers }: ControllerContext): Controller {
  const cache = informers.informer(namespaces)
  const accounts = informers.informer(serviceAccounts)
  return {
    name: 'serviceaccount',
    watches: [{ kind: namespaces }, { kind: serviceAccounts, keys: ({ metadata }) => [metadata.namespace!] }],
    async reconcile(namespace) {
      if (!isActive(cache.get(namespace)) || accounts.get(`${namespace}/${ACCOUNT}`)) return
      const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace } }
      await client.create(serviceAccounts, object).catch(ignoreExisting)
    },
  }
}

/** Every namespace has the cluster's CA in a ConfigMap, for Pods to check the API server by. */
export function rootCaController({ client, informers, rootCA }: ControllerContext): Controller {
  const cache = informers.informer(namespaces)
  const maps = informers.informer(configMaps, { fieldSelector: `metadata.name=${CA_MAP}` })
  return {
    name: 'root-ca-publisher',
    watches: [
      { kind: namespaces },
      {
        kind: configMaps,
        keys: ({ metadata }) => [metadata.namespace!],
        scope: { fieldSelector: `metadata.name=${CA_MAP}` },
      },
    ],
    async reconcile(namespace) {
      if (!isActive(cache.get(namespace))) return
      const there = maps.get(`${namespace}/${CA_MAP}`)
      if (there?.data?.['ca.crt'] === rootCA) return
      const annotations = { 'kubernetes.io/description': DESCRIPTION }
      const object = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: CA_MAP, namespace, annotations },
        data: { 'ca.crt': rootCA },
      }
      if (!there) await client.create(configMaps, object).catch(ignoreExisting)
      else await client.patch(configMaps, there.metadata, { type: 'merge', body: { data: object.data } })
    },
  }
}
