import { randomBytes } from 'node:crypto'
import type { Client, InformerFactory } from '../../api/client/client.ts'
import { serviceAccounts } from '../../api/kinds/core.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import type { Pod, ServiceAccount } from '../../api/kinds/types.ts'
import { forbidden, isNotFound } from '../../api/meta/status.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const TOKEN_SECONDS = 3_607
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** Gives every Pod a service account and, unless it declines, a volume with its token, the CA and the namespace. */
export function serviceAccountAdmission(client: Client, informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(serviceAccounts)
  return {
    name: 'ServiceAccount',
    handles: ({ operation, kind, subresource }) =>
      operation === 'CREATE' && subresource === '' && resourceName(kind) === 'pods',
    async mutate({ object, namespace, name }) {
      const pod = object as Pod
      pod.spec.serviceAccountName ||= 'default'
      pod.spec.serviceAccount = pod.spec.serviceAccountName
      const account = await find(pod.spec.serviceAccountName)
      if (!account) {
        const why = `error looking up service account ${namespace}/${pod.spec.serviceAccountName}: serviceaccount "${pod.spec.serviceAccountName}" not found`
        throw forbidden({ group: '', plural: 'pods' }, pod.metadata.name || name, why)
      }
      if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true)
        mountToken(pod)
      if (!pod.spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        pod.spec.imagePullSecrets = structuredClone(account.imagePullSecrets)
      }

      async function find(account: string): Promise<ServiceAccount | undefined> {
        const known = cache.get(`${namespace}/${account}`)
        if (known) return known
        return client.get(serviceAccounts, { namespace, name: account }).catch(error => {
          if (!isNotFound(error)) throw error
          return undefined
        })
      }
    },
  }
}

function mountToken({ spec }: Pod): void {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  const missing = containers.filter(
    ({ volumeMounts }) => !volumeMounts?.some(({ mountPath }) => mountPath === MOUNT_PATH),
  )
  if (missing.length === 0) return
  const name = `kube-api-access-${randomSuffix()}`
  for (const container of missing) {
    container.volumeMounts = [
      ...(container.volumeMounts ?? []),
      { name, readOnly: true, mountPath: MOUNT_PATH },
    ]
  }
  spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)]
}

const tokenVolume = (name: string) => ({
  name,
  projected: {
    defaultMode: 420,
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  },
})

const randomSuffix = (): string => [...randomBytes(5)].map(byte => ALPHABET[byte % ALPHABET.length]).join('')
