import type { Client } from '../../api/client/client.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../api/kinds/rbac.ts'
import type { ClusterRole, ClusterRoleBinding, Subject } from '../../api/kinds/types.ts'
import { type ApiObject, objectKey, splitKey } from '../../api/meta/object.ts'
import { isAlreadyExists } from '../../api/meta/status.ts'
import { BOOTSTRAP_ROLES, type BootstrapRole, NAMESPACED_ROLES } from './bootstrap-rules.ts'
import { CONTROLLER_ROLES } from './controller-roles.ts'
import { uncoveredRights } from './rule-cover.ts'

const API_GROUP = 'rbac.authorization.k8s.io'
const VERSION = `${API_GROUP}/v1`
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }
const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate'
const ANNOTATIONS = { [AUTOUPDATE]: 'true' }

const group = (name: string): Subject => ({ kind: 'Group', apiGroup: API_GROUP, name })
const user = (name: string): Subject => ({ kind: 'User', apiGroup: API_GROUP, name })
const serviceAccount = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' })

const BOOTSTRAP_BINDINGS: Record<string, Subject[]> = {
  'cluster-admin': [group('system:masters')],
  'system:basic-user': [group('system:authenticated')],
  'system:discovery': [group('system:authenticated')],
  'system:kube-controller-manager': [user('system:kube-controller-manager')],
  'system:kube-dns': [serviceAccount('kube-dns')],
  'system:kube-scheduler': [user('system:kube-scheduler')],
  'system:monitoring': [group('system:monitoring')],
  'system:node': [],
  'system:node-proxier': [user('system:kube-proxy')],
  'system:public-info-viewer': [group('system:authenticated'), group('system:unauthenticated')],
  'system:service-account-issuer-discovery': [group('system:serviceaccounts')],
  'system:volume-scheduler': [user('system:kube-scheduler')],
  'skiff.dev:controllers': [user('system:kube-controller-manager')],
  'skiff.dev:network': [user('system:kube-proxy')],
  'skiff.dev:scheduler': [user('system:kube-scheduler')],
  ...Object.fromEntries(
    Object.keys(CONTROLLER_ROLES).map(name => [`system:controller:${name}`, [serviceAccount(name)]]),
  ),
}

/** By `namespace/name`. */
const NAMESPACED_BINDINGS: Record<string, { role: string; subjects: Subject[] }> = {
  'kube-system/system::extension-apiserver-authentication-reader': {
    role: 'extension-apiserver-authentication-reader',
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')],
  },
  'kube-system/system::leader-locking-kube-controller-manager': {
    role: 'system::leader-locking-kube-controller-manager',
    subjects: [
      user('system:kube-controller-manager'),
      serviceAccount('kube-controller-manager'),
      serviceAccount('leader-election-controller'),
    ],
  },
  'kube-system/system::leader-locking-kube-scheduler': {
    role: 'system::leader-locking-kube-scheduler',
    subjects: [user('system:kube-scheduler'), serviceAccount('kube-scheduler')],
  },
  'kube-system/system:controller:bootstrap-signer': {
    role: 'system:controller:bootstrap-signer',
    subjects: [serviceAccount('bootstrap-signer')],
  },
  'kube-system/system:controller:cloud-provider': {
    role: 'system:controller:cloud-provider',
    subjects: [serviceAccount('cloud-provider')],
  },
  'kube-system/system:controller:token-cleaner': {
    role: 'system:controller:token-cleaner',
    subjects: [serviceAccount('token-cleaner')],
  },
  'kube-public/system:controller:bootstrap-signer': {
    role: 'system:controller:bootstrap-signer',
    subjects: [serviceAccount('bootstrap-signer')],
  },
}

/**
 * Makes sure that the default roles and bindings are there and complete. What an administrator added stays; what is
 * annotated `rbac.authorization.kubernetes.io/autoupdate: "false"` is left alone.
 */
export async function bootstrapPolicy(client: Client): Promise<void> {
  const ensureRoles = async (kind: KindDeclaration<any>, wanted: Record<string, BootstrapRole>) => {
    const found = await listByKey<ClusterRole>(client, kind)
    await Promise.all(
      Object.entries(wanted).map(([key, role]) => ensureRole(client, kind, key, role, found.get(key))),
    )
  }
  const ensureBindings = async (kind: KindDeclaration<any>, wanted: Record<string, WantedBinding>) => {
    const found = await listByKey<ClusterRoleBinding>(client, kind)
    await Promise.all(
      Object.entries(wanted).map(([key, binding]) =>
        ensureBinding(client, kind, key, binding, found.get(key)),
      ),
    )
  }
  const clusterBindings = Object.entries(BOOTSTRAP_BINDINGS).map(
    ([role, subjects]) => [role, { role, subjects }] as const,
  )
  await Promise.all([
    ensureRoles(clusterRoles, BOOTSTRAP_ROLES),
    ensureRoles(roles, NAMESPACED_ROLES),
    ensureBindings(clusterRoleBindings, Object.fromEntries(clusterBindings)),
    ensureBindings(roleBindings, NAMESPACED_BINDINGS),
  ])
}

/** A binding of a role, in its own namespace where it has one. */
interface WantedBinding {
  role: string
  subjects: Subject[]
}

async function listByKey<T extends ApiObject>(
  client: Client,
  kind: KindDeclaration<any>,
): Promise<Map<string, T>> {
  const { items } = await client.list(kind)
  return new Map(items.map((object: T) => [objectKey(object), object]))
}

async function ensureRole(
  client: Client,
  kind: KindDeclaration<any>,
  key: string,
  wanted: BootstrapRole,
  found: ClusterRole | undefined,
): Promise<void> {
  const labels = { ...LABELS, ...(wanted.aggregateTo && { [aggregateLabel(wanted.aggregateTo)]: 'true' }) }
  if (!found) {
    const metadata = { ...splitKey(key), labels, annotations: ANNOTATIONS }
    const role = {
      apiVersion: VERSION,
      kind: kind.kind,
      metadata,
      rules: wanted.rules,
      ...aggregation(wanted),
    }
    return ignoreExisting(client.create(kind, role))
  }
  const { metadata } = found
  const rules = found.rules ?? []
  const missing = uncoveredRights(rules, wanted.rules).length > 0
  const unlabelled = Object.entries(labels).some(([key, value]) => metadata.labels?.[key] !== value)
  if (!isManaged(found) || (!missing && !unlabelled)) return
  await client.update(kind, {
    ...found,
    metadata: { ...metadata, labels: { ...metadata.labels, ...labels } },
    rules: missing
      ? [...rules, ...wanted.rules.filter(rule => uncoveredRights(rules, [rule]).length > 0)]
      : rules,
  })
}

const aggregateLabel = (role: string): string => `${API_GROUP}/aggregate-to-${role}`

const aggregation = ({ aggregates }: BootstrapRole): Pick<ClusterRole, 'aggregationRule'> =>
  aggregates
    ? {
        aggregationRule: {
          clusterRoleSelectors: [{ matchLabels: { [aggregateLabel(aggregates)]: 'true' } }],
        },
      }
    : {}

async function ensureBinding(
  client: Client,
  kind: KindDeclaration<any>,
  key: string,
  { role, subjects: wanted }: WantedBinding,
  found: ClusterRoleBinding | undefined,
): Promise<void> {
  if (!found) {
    const metadata = { ...splitKey(key), labels: LABELS, annotations: ANNOTATIONS }
    const roleRef = { apiGroup: API_GROUP, kind: kind.kind.replace('Binding', ''), name: role }
    const subjects = wanted.length > 0 ? { subjects: wanted } : {}
    const binding = { apiVersion: VERSION, kind: kind.kind, metadata, ...subjects, roleRef }
    return ignoreExisting(client.create(kind, binding))
  }
  const { subjects = [] } = found
  const isThere = (subject: Subject): boolean =>
    subjects.some(
      ({ kind, name, namespace }) =>
        kind === subject.kind && name === subject.name && namespace === subject.namespace,
    )
  const missing = wanted.filter(subject => !isThere(subject))
  if (missing.length === 0 || !isManaged(found)) return
  await client.update(kind, { ...found, subjects: [...subjects, ...missing] })
}

const isManaged = ({ metadata }: ClusterRole | ClusterRoleBinding): boolean =>
  metadata.annotations?.[AUTOUPDATE] !== 'false'

/** Another API server may be starting at the same time. */
async function ignoreExisting(creation: Promise<unknown>): Promise<void> {
  await creation.catch(error => {
    if (!isAlreadyExists(error)) throw error
  })
}
