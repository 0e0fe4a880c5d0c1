import type { PolicyRule } from '../../api/kinds/types.ts'
import type { UserInfo } from './types.ts'

const PREFIX = 'system:node:'
const GROUP = 'system:nodes'
const READ = ['get', 'list', 'watch']

/** The node a kubelet acts for; undefined for everybody else. */
export const nodeNameOf = ({ name, groups }: UserInfo): string | undefined =>
  groups.includes(GROUP) && name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined

const rule = (apiGroup: string, resources: string[], verbs: string[]): PolicyRule => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
})

/** What every kubelet may do; NodeRestriction admission keeps its writes to its own node and Pods. */
export const NODE_RULES: PolicyRule[] = [
  rule('authentication.k8s.io', ['tokenreviews'], ['create']),
  rule('authorization.k8s.io', ['subjectaccessreviews', 'localsubjectaccessreviews'], ['create']),
  rule('', ['services'], READ),
  rule('', ['nodes'], ['create', 'update', 'patch']),
  rule('', ['nodes/status'], ['update', 'patch']),
  rule('', ['events'], ['create', 'update', 'patch']),
  rule('', ['pods'], ['create', 'delete']),
  rule('', ['pods/status'], ['update', 'patch']),
  rule('', ['pods/eviction'], ['create']),
  rule('', ['endpoints'], ['get']),
  rule('certificates.k8s.io', ['certificatesigningrequests'], ['create', ...READ]),
  rule('node.k8s.io', ['runtimeclasses'], READ),
  rule('storage.k8s.io', ['csidrivers'], READ),
]
