import { isDeepStrictEqual } from 'node:util'
import type { Client } from '../../api/client/client.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import { clusterRoleBindings, clusterRoles } from '../../api/kinds/rbac.ts'
import type { PolicyRule } from '../../api/kinds/types.ts'
import { isAlreadyExists } from '../../api/meta/status.ts'

const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update']
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }
const ANNOTATIONS = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' }

const rule = (apiGroup: string, resources: string, verbs: string[]): PolicyRule => ({
  apiGroups: [apiGroup],
  resources: resources.split(' '),
  verbs,
})

const paths = (...nonResourceURLs: string[]): PolicyRule => ({ nonResourceURLs, verbs: ['get'] })

const VIEWED: [group: string, resources: string][] = [
  [
    '',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status namespaces',
  ],
  ['discovery.k8s.io', 'endpointslices'],
  [
    'apps',
    'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
  ],
  ['autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'],
  ['batch', 'cronjobs cronjobs/status jobs jobs/status'],
  ['policy', 'poddisruptionbudgets poddisruptionbudgets/status'],
  ['networking.k8s.io', 'ingresses ingresses/status networkpolicies'],
]

const EDITED: PolicyRule[] = [
  rule('', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy', READ),
  rule('', 'serviceaccounts', ['impersonate']),
  rule('', 'pods pods/attach pods/exec pods/portforward pods/proxy', WRITE),
  rule('', 'pods/eviction', ['create']),
  rule(
    '',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
    WRITE,
  ),
  rule('', 'serviceaccounts/token', ['create']),
  rule(
    'apps',
    'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
    WRITE,
  ),
  rule('autoscaling', 'horizontalpodautoscalers', WRITE),
  rule('batch', 'cronjobs jobs', WRITE),
  rule('policy', 'poddisruptionbudgets', WRITE),
  rule('networking.k8s.io', 'ingresses networkpolicies', WRITE),
]

const view = VIEWED.map(([group, resources]) => rule(group, resources, READ))

const INFO_PATHS = ['/healthz', '/livez', '/readyz', '/version', '/version/']

/** What the controllers need: everything is read, what they keep in order is written. */
const controllerManager: PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: READ },
  { apiGroups: ['*'], resources: ['*'], verbs: ['delete', 'deletecollection', 'patch', 'update'] },
  rule('', 'pods serviceaccounts configmaps secrets events endpoints', ['create']),
  rule('', 'pods/eviction serviceaccounts/token', ['create']),
  rule('', 'namespaces/finalize', ['update']),
  rule('apps', 'replicasets controllerrevisions', ['create']),
  rule('batch', 'jobs', ['create']),
  rule('discovery.k8s.io', 'endpointslices', ['create']),
  rule('coordination.k8s.io', 'leases', ['create']),
  rule('authentication.k8s.io', 'tokenreviews', ['create']),
  rule('authorization.k8s.io', 'subjectaccessreviews', ['create']),
  paths('*'),
]

const scheduler: PolicyRule[] = [
  rule('', 'events', ['create', 'patch', 'update']),
  rule('events.k8s.io', 'events', ['create', 'patch', 'update']),
  rule('coordination.k8s.io', 'leases', ['create', 'get', 'list', 'update', 'watch', 'patch']),
  rule('', 'nodes namespaces services replicationcontrollers persistentvolumeclaims persistentvolumes', READ),
  rule('', 'pods', ['delete', ...READ]),
  rule('', 'bindings pods/binding', ['create']),
  rule('', 'pods/status', ['patch', 'update']),
  rule('apps', 'replicasets statefulsets', READ),
  rule('policy', 'poddisruptionbudgets', READ),
  rule('storage.k8s.io', 'csidrivers csinodes csistoragecapacities storageclasses volumeattachments', READ),
]

/** The network part of a node's agent: what a stock kube-proxy has, and what DNS and the overlay read. */
const nodeProxier: PolicyRule[] = [
  rule('', 'endpoints services nodes', READ),
  rule('discovery.k8s.io', 'endpointslices', READ),
  rule('', 'namespaces pods', READ),
  rule('', 'events', ['create', 'patch', 'update']),
  rule('events.k8s.io', 'events', ['create', 'patch', 'update']),
]

/** Default roles (kubernetes.io, "Default roles and role bindings"). */
export const BOOTSTRAP_ROLES: Record<string, PolicyRule[]> = {
  'cluster-admin': [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ],
  admin: [
    ...EDITED,
    ...view,
    rule('authorization.k8s.io', 'localsubjectaccessreviews', ['create']),
    rule('rbac.authorization.k8s.io', 'rolebindings roles', [...WRITE, ...READ]),
  ],
  edit: [...EDITED, ...view],
  view,
  'system:discovery': [paths('/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', ...INFO_PATHS)],
  'system:public-info-viewer': [paths(...INFO_PATHS)],
  'system:basic-user': [
    rule('authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews', ['create']),
    rule('authentication.k8s.io', 'selfsubjectreviews', ['create']),
  ],
  'system:monitoring': [
    paths('/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/readyz', '/readyz/*'),
  ],
  'system:auth-delegator': [
    rule('authentication.k8s.io', 'tokenreviews', ['create']),
    rule('authorization.k8s.io', 'subjectaccessreviews', ['create']),
  ],
  'system:node-proxier': nodeProxier,
  'system:kube-controller-manager': controllerManager,
  'system:kube-scheduler': scheduler,
}

const group = (name: string): object => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name })
const user = (name: string): object => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name })

const BOOTSTRAP_BINDINGS: Record<string, object[]> = {
  'cluster-admin': [group('system:masters')],
  'system:discovery': [group('system:authenticated')],
  'system:public-info-viewer': [group('system:authenticated'), group('system:unauthenticated')],
  'system:basic-user': [group('system:authenticated')],
  'system:monitoring': [group('system:monitoring')],
  'system:node-proxier': [user('system:kube-proxy')],
  'system:kube-controller-manager': [user('system:kube-controller-manager')],
  'system:kube-scheduler': [user('system:kube-scheduler')],
}

/** Makes the default roles and bindings as they should be; what a user marked `autoupdate: "false"` is left alone. */
export async function bootstrapPolicy(client: Client): Promise<void> {
  const roles = Object.entries(BOOTSTRAP_ROLES).map(([name, rules]) =>
    ensure(client, clusterRoles, name, { rules }),
  )
  const bindings = Object.entries(BOOTSTRAP_BINDINGS).map(([name, subjects]) => {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name }
    return ensure(client, clusterRoleBindings, name, { subjects, roleRef })
  })
  await Promise.all([...roles, ...bindings])
}

async function ensure(
  client: Client,
  kind: KindDeclaration<any>,
  name: string,
  content: object,
): Promise<void> {
  const metadata = { name, labels: LABELS, annotations: ANNOTATIONS }
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  try {
    await client.create(kind, { apiVersion, kind: kind.kind, metadata, ...content })
    return
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  const there = await client.get(kind, { name })
  const isManaged = there.metadata.annotations?.['rbac.authorization.kubernetes.io/autoupdate'] !== 'false'
  const isCurrent = Object.entries(content).every(([field, value]) => isDeepStrictEqual(there[field], value))
  if (isManaged && !isCurrent) await client.update(kind, { ...structuredClone(there), ...content })
}
