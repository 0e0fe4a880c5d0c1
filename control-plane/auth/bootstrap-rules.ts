import type { PolicyRule } from '../../api/kinds/types.ts'
import { NODE_RULES } from './node-rules.ts'

/** A role as it is made at start. `aggregateTo` names the role it is a part of, `aggregates` makes it the sum of such. */
export interface BootstrapRole {
  rules: PolicyRule[]
  aggregateTo?: 'admin' | 'edit' | 'view'
  aggregates?: 'admin' | 'edit' | 'view'
}

const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update']

/** Resources are separated by blanks, groups by commas. */
const rule = (groups: string, resources: string, verbs: string[], resourceNames?: string[]): PolicyRule => ({
  apiGroups: groups.split(','),
  resources: resources.split(' '),
  verbs,
  ...(resourceNames && { resourceNames }),
})

const paths = (...nonResourceURLs: string[]): PolicyRule => ({ nonResourceURLs, verbs: ['get'] })

const EVENTS = rule(',events.k8s.io', 'events', ['create', 'patch', 'update'])
const TOKEN_REVIEWS = rule('authentication.k8s.io', 'tokenreviews', ['create'])
const ACCESS_REVIEWS = rule('authorization.k8s.io', 'subjectaccessreviews', ['create'])
const LEADER = (name: string): PolicyRule[] => [
  rule('coordination.k8s.io', 'leases', ['create']),
  rule('coordination.k8s.io', 'leases', ['get', 'update', 'patch'], [name]),
]

const VIEW: PolicyRule[] = [
  rule(
    '',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
    READ,
  ),
  rule(
    '',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
    READ,
  ),
  rule('', 'namespaces', READ),
  rule('discovery.k8s.io', 'endpointslices', READ),
  rule(
    'apps',
    'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
    READ,
  ),
  rule('autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status', READ),
  rule('batch', 'cronjobs cronjobs/status jobs jobs/status', READ),
  rule('policy', 'poddisruptionbudgets poddisruptionbudgets/status', READ),
  rule('networking.k8s.io', 'ingresses ingresses/status networkpolicies', READ),
]

const EDIT: PolicyRule[] = [
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
  rule('coordination.k8s.io', 'leases', [...READ, ...WRITE].sort()),
]

const ADMIN: PolicyRule[] = [
  rule('authorization.k8s.io', 'localsubjectaccessreviews', ['create']),
  rule('rbac.authorization.k8s.io', 'rolebindings roles', [...READ, ...WRITE].sort()),
]

/**
 * All controllers act as one identity. The namespace and garbage collectors read, change and delete everything; what is
 * created is what controllers create. Roles are summed up from others, which takes the right to escalate.
 */
const CONTROLLER_MANAGER: PolicyRule[] = [
  rule('*', '*', ['delete', 'deletecollection', ...READ, 'patch', 'update']),
  EVENTS,
  rule('', 'configmaps endpoints persistentvolumeclaims persistentvolumes pods secrets serviceaccounts', [
    'create',
  ]),
  rule('', 'pods/eviction serviceaccounts/token', ['create']),
  rule('apps', 'controllerrevisions replicasets', ['create']),
  rule('batch', 'jobs', ['create']),
  rule('discovery.k8s.io', 'endpointslices', ['create']),
  rule('coordination.k8s.io', 'leases', ['create']),
  rule('rbac.authorization.k8s.io', 'clusterroles', ['escalate']),
  TOKEN_REVIEWS,
  ACCESS_REVIEWS,
  paths('/api', '/api/*', '/apis', '/apis/*'),
]

const SCHEDULER: PolicyRule[] = [
  EVENTS,
  ...LEADER('kube-scheduler'),
  rule('', 'nodes', READ),
  rule('', 'pods', ['delete', ...READ]),
  rule('', 'bindings pods/binding', ['create']),
  rule('', 'pods/status', ['patch', 'update']),
  rule('', 'replicationcontrollers services', READ),
  rule('apps', 'replicasets statefulsets', READ),
  rule('policy', 'poddisruptionbudgets', READ),
  rule('', 'namespaces persistentvolumeclaims persistentvolumes', READ),
  rule('storage.k8s.io', 'csidrivers csinodes csistoragecapacities storageclasses volumeattachments', READ),
  rule('scheduling.k8s.io', 'priorityclasses', READ),
  TOKEN_REVIEWS,
  ACCESS_REVIEWS,
]

/** A node's service proxy, and with it the overlay and DNS, which also read namespaces and Pods. */
const NODE_PROXIER: PolicyRule[] = [
  rule('', 'endpoints services', READ),
  rule('', 'nodes', READ),
  EVENTS,
  rule('discovery.k8s.io', 'endpointslices', READ),
  rule('', 'namespaces pods', READ),
]

/** For nodes outside `system:nodes`; bound to nobody, the Node authorizer does the work. */
const NODE: PolicyRule[] = [
  ...NODE_RULES,
  rule('', 'nodes', READ),
  rule('', 'pods', READ),
  rule('', 'configmaps secrets', READ),
  rule('', 'persistentvolumeclaims persistentvolumes', ['get']),
  rule('', 'persistentvolumeclaims/status', ['get', 'patch', 'update']),
  rule('', 'serviceaccounts/token', ['create']),
  rule('coordination.k8s.io', 'leases', ['create', 'delete', 'get', 'patch', 'update']),
  rule('storage.k8s.io', 'volumeattachments', ['get']),
  rule('storage.k8s.io', 'csinodes', ['create', 'delete', 'get', 'patch', 'update']),
]

const KUBELET_API: PolicyRule[] = [
  rule('', 'nodes', READ),
  rule('', 'nodes', ['proxy']),
  rule('', 'nodes/log nodes/metrics nodes/proxy nodes/stats', ['*']),
]

const PROVISIONER: PolicyRule[] = [
  rule('', 'persistentvolumes', ['create', 'delete', ...READ]),
  rule('', 'persistentvolumeclaims', [...READ, 'update']),
  rule('storage.k8s.io', 'storageclasses', READ),
  rule('', 'events', ['watch']),
  EVENTS,
]

const HEALTH = ['/healthz', '/livez', '/readyz']
const INFO = [...HEALTH, '/version', '/version/']
const SIGNING = 'certificates.k8s.io'
const signer = (name: string): PolicyRule => rule(SIGNING, 'signers', ['approve'], [`kubernetes.io/${name}`])

/** The default roles (kubernetes.io, "Default roles and role bindings"). */
export const BOOTSTRAP_ROLES: Record<string, BootstrapRole> = {
  'cluster-admin': {
    rules: [
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { nonResourceURLs: ['*'], verbs: ['*'] },
    ],
  },
  admin: { rules: [...ADMIN, ...EDIT, ...VIEW], aggregates: 'admin' },
  edit: { rules: [...EDIT, ...VIEW], aggregates: 'edit', aggregateTo: 'admin' },
  view: { rules: VIEW, aggregates: 'view', aggregateTo: 'edit' },
  'system:aggregate-to-admin': { rules: ADMIN, aggregateTo: 'admin' },
  'system:aggregate-to-edit': { rules: EDIT, aggregateTo: 'edit' },
  'system:aggregate-to-view': { rules: VIEW, aggregateTo: 'view' },
  'system:auth-delegator': { rules: [TOKEN_REVIEWS, ACCESS_REVIEWS] },
  'system:basic-user': {
    rules: [
      rule('authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews', ['create']),
      rule('authentication.k8s.io', 'selfsubjectreviews', ['create']),
    ],
  },
  'system:certificates.k8s.io:certificatesigningrequests:nodeclient': {
    rules: [rule(SIGNING, 'certificatesigningrequests/nodeclient', ['create'])],
  },
  'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient': {
    rules: [rule(SIGNING, 'certificatesigningrequests/selfnodeclient', ['create'])],
  },
  'system:certificates.k8s.io:kube-apiserver-client-approver': { rules: [signer('kube-apiserver-client')] },
  'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver': {
    rules: [signer('kube-apiserver-client-kubelet')],
  },
  'system:certificates.k8s.io:kubelet-serving-approver': { rules: [signer('kubelet-serving')] },
  'system:certificates.k8s.io:legacy-unknown-approver': { rules: [signer('legacy-unknown')] },
  'system:discovery': {
    rules: [paths('/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', ...INFO)],
  },
  'system:kube-aggregator': { rules: [rule('', 'endpoints services', READ)] },
  'system:kube-controller-manager': { rules: CONTROLLER_MANAGER },
  'system:kube-dns': { rules: [rule('', 'endpoints services', ['list', 'watch'])] },
  'system:kube-scheduler': { rules: SCHEDULER },
  'system:kubelet-api-admin': { rules: KUBELET_API },
  'system:monitoring': {
    rules: [paths(...HEALTH.flatMap(path => [path, `${path}/*`]), '/metrics', '/metrics/slis')],
  },
  'system:node': { rules: NODE },
  'system:node-bootstrapper': { rules: [rule(SIGNING, 'certificatesigningrequests', ['create', ...READ])] },
  'system:node-problem-detector': {
    rules: [rule('', 'nodes', ['get']), rule('', 'nodes/status', ['patch']), EVENTS],
  },
  'system:node-proxier': { rules: NODE_PROXIER },
  'system:persistent-volume-provisioner': { rules: PROVISIONER },
  'system:public-info-viewer': { rules: [paths(...INFO)] },
  'system:service-account-issuer-discovery': {
    rules: [
      paths(
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ),
    ],
  },
  'system:volume-scheduler': {
    rules: [
      rule('', 'persistentvolumeclaims persistentvolumes', [...READ, 'patch', 'update']),
      rule('storage.k8s.io', 'storageclasses', READ),
    ],
  },
}

const LEADER_LOCK = (name: string): PolicyRule[] => [
  rule('', 'configmaps', ['watch']),
  rule('', 'configmaps', ['get', 'update'], [name]),
]

/** Roles of the system's namespaces, by `namespace/name`. */
export const NAMESPACED_ROLES: Record<string, BootstrapRole> = {
  // What a server behind an APIService needs to believe the front proxy and to ask who is calling.
  'kube-system/extension-apiserver-authentication-reader': {
    rules: [rule('', 'configmaps', READ, ['extension-apiserver-authentication'])],
  },
  'kube-system/system::leader-locking-kube-controller-manager': {
    rules: LEADER_LOCK('kube-controller-manager'),
  },
  'kube-system/system::leader-locking-kube-scheduler': { rules: LEADER_LOCK('kube-scheduler') },
  'kube-system/system:controller:bootstrap-signer': { rules: [rule('', 'secrets', READ)] },
  'kube-system/system:controller:cloud-provider': { rules: [rule('', 'configmaps', ['create', ...READ])] },
  'kube-system/system:controller:token-cleaner': {
    rules: [rule('', 'secrets', ['delete', ...READ]), EVENTS],
  },
  'kube-public/system:controller:bootstrap-signer': {
    rules: [rule('', 'configmaps', READ), rule('', 'configmaps', ['update'], ['cluster-info']), EVENTS],
  },
}
