import type { Client } from '../../../api/client/client.ts'
import { configMaps } from '../../../api/kinds/core.ts'
import { roleBindings, roles } from '../../../api/kinds/rbac.ts'
import { isAlreadyExists, isNotFound } from '../../../api/meta/status.ts'
import type { Pki } from '../../auth/pki.ts'

const NAME = 'extension-apiserver-authentication'
const NAMESPACE = 'kube-system'
const READER = `${NAME}-reader`
const API_GROUP = 'rbac.authorization.k8s.io'

/**
 * Tells remote API servers how to know who makes a request: by which authority the front proxy and clients are signed,
 * and which headers name the user. Their servers may read it.
 */
export async function publishAuthentication(client: Client, { ca, frontProxy }: Pki): Promise<void> {
  const data = {
    'client-ca-file': ca.cert,
    'requestheader-allowed-names': JSON.stringify(['front-proxy-client']),
    'requestheader-client-ca-file': frontProxy.ca.cert,
    'requestheader-extra-headers-prefix': JSON.stringify(['X-Remote-Extra-']),
    'requestheader-group-headers': JSON.stringify(['X-Remote-Group']),
    'requestheader-uid-headers': JSON.stringify(['X-Remote-Uid']),
    'requestheader-username-headers': JSON.stringify(['X-Remote-User']),
  }
  const metadata = { name: NAME, namespace: NAMESPACE }
  const found = await client.get(configMaps, metadata).catch(error => {
    if (!isNotFound(error)) throw error
  })
  if (!found) await client.create(configMaps, { metadata, data }).catch(ignoreExisting)
  else if (Object.entries(data).some(([key, value]) => found.data?.[key] !== value))
    await client.update(configMaps, { ...found, data: { ...found.data, ...data } })
  await ensureReader(client)
}

async function ensureReader(client: Client): Promise<void> {
  const metadata = {
    name: READER,
    namespace: NAMESPACE,
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
  }
  const rules = [
    { apiGroups: [''], resources: ['configmaps'], resourceNames: [NAME], verbs: ['get', 'list', 'watch'] },
  ]
  await client.create(roles, { metadata, rules }).catch(ignoreExisting)
  const subjects = ['system:kube-controller-manager', 'system:kube-scheduler'].map(name => ({
    kind: 'User',
    apiGroup: API_GROUP,
    name,
  }))
  const roleRef = { apiGroup: API_GROUP, kind: 'Role', name: READER }
  await client
    .create(roleBindings, { metadata: { ...metadata, name: `system::${READER}` }, roleRef, subjects })
    .catch(ignoreExisting)
}

function ignoreExisting(error: unknown): void {
  if (!isAlreadyExists(error)) throw error
}
