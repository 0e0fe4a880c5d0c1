import type { Client } from '../../api/client/client.ts'
import { clusterRoleBindings, clusterRoles } from '../../api/kinds/rbac.ts'
import type { ClusterRole, ClusterRoleBinding, Subject } from '../../api/kinds/types.ts'
import { isAlreadyExists } from '../../api/meta/status.ts'
import { BOOTSTRAP_ROLES, type BootstrapRole } from './bootstrap-rules.ts'
import { uncoveredRights } from './rule-cover.ts'

const API_GROUP = 'rbac.authorization.k8s.io'
const VERSION = `${API_GROUP}/v1`
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }
const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate'
const ANNOTATIONS = { [AUTOUPDATE]: 'true' }

const group = (name: string): Subject => ({ kind: 'Group', apiGroup: API_GROUP, name })
const user = (name: string): Subject => ({ kind: 'User', apiGroup: API_GROUP, name })

const BOOTSTRAP_BINDINGS: Record<string, Subject[]> = {
  'cluster-admin': [group('system:masters')],
  'system:basic-user': [group('system:authenticated')],
  'system:discovery': [group('system:authenticated')],
  'system:kube-controller-manager': [user('system:kube-controller-manager')],
  'system:kube-dns': [{ kind: 'ServiceAccount', name: 'kube-dns', namespace: 'kube-system' }],
  'system:kube-scheduler': [user('system:kube-scheduler')],
  'system:monitoring': [group('system:monitoring')],
  'system:node': [],
  'system:node-proxier': [user('system:kube-proxy')],
  'system:public-info-viewer': [group('system:authenticated'), group('system:unauthenticated')],
  'system:service-account-issuer-discovery': [group('system:serviceaccounts')],
  'system:volume-scheduler': [user('system:kube-scheduler')],
}

/**
 * Makes sure that the default roles and bindings are there and complete. What an administrator added stays; what is
 * annotated `rbac.authorization.kubernetes.io/autoupdate: "false"` is left alone.
 */
export async function bootstrapPolicy(client: Client): Promise<void> {
  const [roles, bindings] = await Promise.all([client.list(clusterRoles), client.list(clusterRoleBindings)])
  const roleOf = new Map(roles.items.map(role => [role.metadata.name, role]))
  const bindingOf = new Map(bindings.items.map(binding => [binding.metadata.name, binding]))
  await Promise.all([
    ...Object.entries(BOOTSTRAP_ROLES).map(([name, role]) =>
      ensureRole(client, name, role, roleOf.get(name)),
    ),
    ...Object.entries(BOOTSTRAP_BINDINGS).map(([name, subjects]) =>
      ensureBinding(client, name, subjects, bindingOf.get(name)),
    ),
  ])
}

async function ensureRole(
  client: Client,
  name: string,
  wanted: BootstrapRole,
  found: ClusterRole | undefined,
): Promise<void> {
  const labels = { ...LABELS, ...(wanted.aggregateTo && { [aggregateLabel(wanted.aggregateTo)]: 'true' }) }
  if (!found) {
    const metadata = { name, labels, annotations: ANNOTATIONS }
    const role = {
      apiVersion: VERSION,
      kind: 'ClusterRole',
      metadata,
      rules: wanted.rules,
      ...aggregation(wanted),
    }
    return ignoreExisting(client.create(clusterRoles, role))
  }
  const { rules = [], metadata } = found
  const missing = uncoveredRights(rules, wanted.rules).length > 0
  const unlabelled = Object.entries(labels).some(([key, value]) => metadata.labels?.[key] !== value)
  if (!isManaged(found) || (!missing && !unlabelled)) return
  await client.update(clusterRoles, {
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
  name: string,
  wanted: Subject[],
  found: ClusterRoleBinding | undefined,
): Promise<void> {
  if (!found) {
    const metadata = { name, labels: LABELS, annotations: ANNOTATIONS }
    const roleRef = { apiGroup: API_GROUP, kind: 'ClusterRole', name }
    const binding = { apiVersion: VERSION, kind: 'ClusterRoleBinding', metadata, subjects: wanted, roleRef }
    return ignoreExisting(client.create(clusterRoleBindings, binding))
  }
  const { subjects = [] } = found
  const isThere = (subject: Subject): boolean =>
    subjects.some(
      ({ kind, name, namespace }) =>
        kind === subject.kind && name === subject.name && namespace === subject.namespace,
    )
  const missing = wanted.filter(subject => !isThere(subject))
  if (missing.length === 0 || !isManaged(found)) return
  await client.update(clusterRoleBindings, { ...found, subjects: [...subjects, ...missing] })
}

const isManaged = ({ metadata }: ClusterRole | ClusterRoleBinding): boolean =>
  metadata.annotations?.[AUTOUPDATE] !== 'false'

/** Another API server may be starting at the same time. */
async function ignoreExisting(creation: Promise<unknown>): Promise<void> {
  await creation.catch(error => {
    if (!isAlreadyExists(error)) throw error
  })
}
