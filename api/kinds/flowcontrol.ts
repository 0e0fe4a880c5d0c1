import type { ApiObject } from '../meta/object.ts'
import { flowSchemaColumns, priorityLevelColumns } from './columns/flowcontrol.ts'
import { groupVersion } from './declare.ts'

const v1 = groupVersion('flowcontrol.apiserver.k8s.io', 'v1')

/** Who a rule of a FlowSchema is about: exactly the member that `kind` names is there. */
export interface FlowSubject {
  kind: 'User' | 'Group' | 'ServiceAccount'
  user?: { name: string }
  group?: { name: string }
  serviceAccount?: { namespace: string; name: string }
}

export interface ResourcePolicyRule {
  verbs: string[]
  apiGroups: string[]
  /** `pods`, `pods/status`; a lone `*` stands for all, as in the other lists. */
  resources: string[]
  /** Also for requests that are in no namespace. */
  clusterScope?: boolean
  namespaces?: string[]
}

export interface NonResourcePolicyRule {
  verbs: string[]
  nonResourceURLs: string[]
}

export interface PolicyRulesWithSubjects {
  subjects: FlowSubject[]
  resourceRules?: ResourcePolicyRule[]
  nonResourceRules?: NonResourcePolicyRule[]
}

export interface FlowSchemaSpec {
  priorityLevelConfiguration: { name: string }
  /** The lowest one that matches a request is its FlowSchema. */
  matchingPrecedence?: number
  distinguisherMethod?: { type: 'ByUser' | 'ByNamespace' }
  rules?: PolicyRulesWithSubjects[]
}

export interface FlowSchemaCondition {
  type: string
  status?: string
  lastTransitionTime?: string
  reason?: string
  message?: string
}

export interface FlowSchema extends ApiObject {
  spec: FlowSchemaSpec
  status?: { conditions?: FlowSchemaCondition[] }
}

export interface QueuingConfiguration {
  queues: number
  handSize: number
  queueLengthLimit: number
}

export interface PriorityLevelSpec {
  type: 'Exempt' | 'Limited'
  exempt?: { nominalConcurrencyShares?: number; lendablePercent?: number }
  limited?: {
    nominalConcurrencyShares?: number
    lendablePercent?: number
    borrowingLimitPercent?: number
    limitResponse: { type: 'Queue' | 'Reject'; queuing?: QueuingConfiguration }
  }
}

export interface PriorityLevelConfiguration extends ApiObject {
  spec: PriorityLevelSpec
}

export const flowSchemas = v1<FlowSchema>({
  kind: 'FlowSchema',
  plural: 'flowschemas',
  namespaced: false,
  columns: flowSchemaColumns,
  subresources: { status: true },
})

export const priorityLevelConfigurations = v1<PriorityLevelConfiguration>({
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  namespaced: false,
  columns: priorityLevelColumns,
  subresources: { status: true },
})
