import type {
  FlowSchema,
  FlowSchemaSpec,
  FlowSubject,
  NonResourcePolicyRule,
  PriorityLevelConfiguration,
  PriorityLevelSpec,
  ResourcePolicyRule,
} from '../../../api/kinds/flowcontrol.ts'

/** Says whether the API server keeps the object's spec as it is here. */
export const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec'
/** The level that is never limited, and the schema that leads there. */
export const EXEMPT = 'exempt'
/** Where a request goes that nothing else matches. */
export const CATCH_ALL = 'catch-all'

const API_VERSION = 'flowcontrol.apiserver.k8s.io/v1'
const ALL = ['*']
const KUBE_SYSTEM = 'kube-system'
const AUTHENTICATED = 'system:authenticated'
const UNAUTHENTICATED = 'system:unauthenticated'
const NODES = 'system:nodes'
const CONTROLLER_MANAGER = 'system:kube-controller-manager'
const SCHEDULER = 'system:kube-scheduler'

const metadataOf = (name: string) => ({ name, annotations: { [AUTO_UPDATE]: 'true' } })

const level = (name: string, spec: PriorityLevelSpec): PriorityLevelConfiguration => ({
  apiVersion: API_VERSION,
  kind: 'PriorityLevelConfiguration',
  metadata: metadataOf(name),
  spec,
})

/** A level whose requests wait in queues. `shares` of all seats, of which it may lend so many percent. */
function queued(name: string, shares: number, lendable: number, queues: number, handSize: number) {
  return level(name, {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares,
      lendablePercent: lendable,
      limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
    },
  })
}

/** Levels that there always are, and whose specs are fixed. */
export const MANDATORY_LEVELS: readonly PriorityLevelConfiguration[] = [
  level(EXEMPT, { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
  level(CATCH_ALL, {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
  }),
]

/** Levels that an administrator may change. */
export const SUGGESTED_LEVELS: readonly PriorityLevelConfiguration[] = [
  queued('system', 30, 33, 64, 6),
  queued('node-high', 40, 25, 64, 6),
  queued('leader-election', 10, 0, 16, 4),
  queued('workload-high', 40, 50, 128, 6),
  queued('workload-low', 100, 90, 128, 6),
  queued('global-default', 20, 50, 128, 6),
]

const groups = (...names: string[]): FlowSubject[] => names.map(name => ({ kind: 'Group', group: { name } }))
const users = (...names: string[]): FlowSubject[] => names.map(name => ({ kind: 'User', user: { name } }))

const SYSTEM_ACCOUNTS: FlowSubject = {
  kind: 'ServiceAccount',
  serviceAccount: { name: '*', namespace: KUBE_SYSTEM },
}
const ANY_RESOURCE: ResourcePolicyRule = {
  verbs: ALL,
  apiGroups: ALL,
  resources: ALL,
  namespaces: ALL,
  clusterScope: true,
}
const ANY_PATH: NonResourcePolicyRule = { verbs: ALL, nonResourceURLs: ALL }
const ANYTHING = { resourceRules: [ANY_RESOURCE], nonResourceRules: [ANY_PATH] }

const leases = (...verbs: string[]): ResourcePolicyRule => ({
  verbs,
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  namespaces: ALL,
})

interface Leading {
  to: string
  precedence: number
  by?: NonNullable<FlowSchemaSpec['distinguisherMethod']>['type']
}

const schema = (
  name: string,
  { to, precedence, by }: Leading,
  rule: NonNullable<FlowSchemaSpec['rules']>[number],
): FlowSchema => ({
  apiVersion: API_VERSION,
  kind: 'FlowSchema',
  metadata: metadataOf(name),
  spec: {
    priorityLevelConfiguration: { name: to },
    matchingPrecedence: precedence,
    ...(by && { distinguisherMethod: { type: by } }),
    rules: [rule],
  },
})

/** Schemas that there always are, and whose specs are fixed. */
export const MANDATORY_SCHEMAS: readonly FlowSchema[] = [
  schema(EXEMPT, { to: EXEMPT, precedence: 1 }, { subjects: groups('system:masters'), ...ANYTHING }),
  schema(
    CATCH_ALL,
    { to: CATCH_ALL, precedence: 10_000, by: 'ByUser' },
    { subjects: groups(UNAUTHENTICATED, AUTHENTICATED), ...ANYTHING },
  ),
]

/** Schemas that an administrator may change, in order of precedence. */
export const SUGGESTED_SCHEMAS: readonly FlowSchema[] = [
  schema(
    'probes',
    { to: EXEMPT, precedence: 2 },
    {
      subjects: groups(UNAUTHENTICATED, AUTHENTICATED),
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
    },
  ),
  schema(
    'system-leader-election',
    { to: 'leader-election', precedence: 100, by: 'ByUser' },
    {
      subjects: [...users(CONTROLLER_MANAGER, SCHEDULER), SYSTEM_ACCOUNTS],
      resourceRules: [leases('get', 'create', 'update')],
    },
  ),
  schema(
    'system-node-high',
    { to: 'node-high', precedence: 400, by: 'ByUser' },
    {
      subjects: groups(NODES),
      resourceRules: [
        { ...ANY_RESOURCE, apiGroups: [''], resources: ['nodes', 'nodes/status'] },
        leases('*'),
      ],
    },
  ),
  schema(
    'system-nodes',
    { to: 'system', precedence: 500, by: 'ByUser' },
    { subjects: groups(NODES), ...ANYTHING },
  ),
  schema(
    'kube-controller-manager',
    { to: 'workload-high', precedence: 800, by: 'ByNamespace' },
    { subjects: users(CONTROLLER_MANAGER), ...ANYTHING },
  ),
  schema(
    'kube-scheduler',
    { to: 'workload-high', precedence: 800, by: 'ByNamespace' },
    { subjects: users(SCHEDULER), ...ANYTHING },
  ),
  schema(
    'kube-system-service-accounts',
    { to: 'workload-high', precedence: 900, by: 'ByNamespace' },
    { subjects: [SYSTEM_ACCOUNTS], ...ANYTHING },
  ),
  schema(
    'service-accounts',
    { to: 'workload-low', precedence: 9000, by: 'ByUser' },
    { subjects: groups('system:serviceaccounts'), ...ANYTHING },
  ),
  schema(
    'global-default',
    { to: 'global-default', precedence: 9900, by: 'ByUser' },
    { subjects: groups(UNAUTHENTICATED, AUTHENTICATED), ...ANYTHING },
  ),
]
