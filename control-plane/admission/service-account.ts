import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, InformerFactory } from '../../api/client/client.ts'
import { serviceAccounts } from '../../api/kinds/core.ts'
import { resourceName } from '../../api/kinds/kind.ts'
import type { Pod, ServiceAccount } from '../../api/kinds/types.ts'
import { forbidden, isNotFound } from '../../api/meta/status.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'
import { references } from '../auth/pod-references.ts'
import { isMirror } from '../registry/pod/annotations.ts'

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const TOKEN_SECONDS = 3_607
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** The account `default` comes with its namespace, but not at the same moment. */
const DEFAULT = 'default'
const TRIES = 10
const PAUSE = 100

/** Gives every Pod a service account and, unless it declines, a volume with its token, the CA and the namespace. */
export function serviceAccountAdmission(client: Client, informers: InformerFactory): AdmissionPlugin {
  const cache = informers.informer(serviceAccounts)
  return {
    name: 'ServiceAccount',
    handles: ({ operation, kind, subresource }) =>
      resourceName(kind) === 'pods' &&
      ((operation === 'CREATE' && subresource === '') ||
        (operation === 'UPDATE' && subresource === 'ephemeralcontainers')),
    async mutate({ operation, object, namespace = '', name }) {
      const pod = object as Pod
      const refuse = (why: string): Error =>
        forbidden({ group: '', plural: 'pods' }, pod.metadata.name || name, why)
      if (isMirror(pod.metadata.annotations)) {
        const fault = operation === 'CREATE' ? mirrorFault(pod) : undefined
        if (fault) throw refuse(fault)
        return
      }
      if (operation === 'CREATE') pod.spec.serviceAccountName ||= DEFAULT
      const wanted = pod.spec.serviceAccountName!
      const account = await find(namespace, wanted)
      if (!account) {
        throw refuse(
          `error looking up service account ${namespace}/${wanted}: serviceaccount ${JSON.stringify(wanted)} not found`,
        )
      }
      if (operation === 'CREATE') fillIn(pod, account)
      const isBound = isTrue(account.metadata.annotations?.[ENFORCE])
      const fault = isBound ? secretFault(pod, account, operation === 'CREATE') : undefined
      if (fault) throw refuse(fault)
    },
  }

  async function find(namespace: string, name: string): Promise<ServiceAccount | undefined> {
    const key = `${namespace}/${name}`
    for (let tries = 1; ; tries++) {
      const known = cache.get(key)
      if (known) return known
      const found = await client.get(serviceAccounts, { namespace, name }).catch(error => {
        if (!isNotFound(error)) throw error
      })
      if (found || name !== DEFAULT || tries === TRIES) return found as ServiceAccount | undefined
      await sleep(PAUSE)
    }
  }
}

function fillIn(pod: Pod, account: ServiceAccount): void {
  const { spec } = pod
  spec.serviceAccount = spec.serviceAccountName
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod)
  if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
    spec.imagePullSecrets = structuredClone(account.imagePullSecrets)
  }
}

/** A static Pod's stand-in leads to nothing in the cluster. */
function mirrorFault(pod: Pod): string | undefined {
  if (pod.spec.serviceAccountName) return 'a mirror pod may not reference service accounts'
  if (references(pod as never, 'secrets').length > 0) return 'a mirror pod may not reference secrets'
  const usesTokens = (pod.spec.volumes ?? []).some(({ projected }) =>
    (projected?.sources ?? []).some(({ serviceAccountToken }) => serviceAccountToken),
  )
  return usesTokens ? 'a mirror pod may not use ServiceAccountToken volume projections' : undefined
}

const ENFORCE = 'kubernetes.io/enforce-mountable-secrets'

/** As Go reads a boolean. */
const isTrue = (text = ''): boolean => ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)

/** An account can keep its Pods to the secrets that it names. */
function secretFault({ spec }: Pod, account: ServiceAccount, isNew: boolean): string | undefined {
  const own = new Set((account.secrets ?? []).map(({ name }) => name))
  const because = `because service account ${account.metadata.name} does not reference that`
  const lists: [string, any[]][] = isNew
    ? [
        ['init container', spec.initContainers ?? []],
        ['container', spec.containers ?? []],
      ]
    : [['ephemeral container', spec.ephemeralContainers ?? []]]
  for (const { secret } of isNew ? (spec.volumes ?? []) : []) {
    if (secret && !own.has(secret.secretName)) {
      return `volume with secret.secretName="${secret.secretName}" is not allowed ${because} secret`
    }
  }
  for (const [what, containers] of lists) {
    for (const { name, env = [], envFrom = [] } of containers) {
      const variable = env.find(({ valueFrom }: any) => isForeign(valueFrom?.secretKeyRef, own))
      if (variable) {
        return `${what} ${name} with envVar ${variable.name} referencing secret.secretName="${variable.valueFrom.secretKeyRef.name}" is not allowed ${because} secret`
      }
      const source = envFrom.find(({ secretRef }: any) => isForeign(secretRef, own))
      if (source) {
        return `${what} ${name} with envFrom referencing secret.secretName="${source.secretRef.name}" is not allowed ${because} secret`
      }
    }
  }
  const pulled = new Set((account.imagePullSecrets ?? []).map(({ name }) => name))
  const wrong = isNew ? (spec.imagePullSecrets ?? []).findIndex(({ name }) => !pulled.has(name)) : -1
  return wrong < 0
    ? undefined
    : `imagePullSecrets[${wrong}].name="${spec.imagePullSecrets![wrong]!.name}" is not allowed ${because} imagePullSecret`
}

const isForeign = (reference: { name: string } | undefined, own: ReadonlySet<string | undefined>): boolean =>
  reference !== undefined && !own.has(reference.name)

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
