import type { ApiObject } from '../meta/object.ts'
import type { labelSelector } from '../meta/selectors.ts'
import type { WebhookClientConfig } from './apiextensions.ts'

type LabelSelector = NonNullable<Parameters<typeof labelSelector>[0]>

/** What requests something is for (admissionregistration.k8s.io/v1 RuleWithOperations). */
export interface AdmissionRule {
  operations?: string[]
  apiGroups?: string[]
  apiVersions?: string[]
  /** `pods`, `pods/exec`, and `*` on either side of the slash. */
  resources?: string[]
  scope?: '*' | 'Cluster' | 'Namespaced'
  /** Of policies only. */
  resourceNames?: string[]
}

/** A condition in CEL. */
export interface MatchCondition {
  name: string
  expression: string
}

/** What webhooks and policies have in common: which requests they are for. */
export interface RequestSelection {
  namespaceSelector?: LabelSelector
  objectSelector?: LabelSelector
  matchPolicy?: 'Exact' | 'Equivalent'
}

export type FailurePolicy = 'Fail' | 'Ignore'

/** A webhook of a configuration. */
export interface AdmissionWebhook extends RequestSelection {
  name: string
  clientConfig: WebhookClientConfig
  rules?: AdmissionRule[]
  failurePolicy?: FailurePolicy
  sideEffects?: string
  timeoutSeconds?: number
  admissionReviewVersions: string[]
  matchConditions?: MatchCondition[]
  /** Of mutating webhooks only. */
  reinvocationPolicy?: 'Never' | 'IfNeeded'
}

/** A MutatingWebhookConfiguration or a ValidatingWebhookConfiguration. */
export interface WebhookConfiguration extends ApiObject {
  webhooks?: AdmissionWebhook[]
}

/** Which requests a policy or a binding of one is for (v1 MatchResources). */
export interface MatchResources extends RequestSelection {
  resourceRules?: AdmissionRule[]
  excludeResourceRules?: AdmissionRule[]
}

/** One rule of a policy (v1 Validation). */
export interface PolicyValidation {
  expression: string
  message?: string
  messageExpression?: string
  reason?: string
}

export interface ExpressionWarning {
  fieldRef: string
  warning: string
}

export interface ValidatingAdmissionPolicy extends ApiObject {
  spec: {
    paramKind?: { apiVersion: string; kind: string }
    matchConstraints?: MatchResources
    matchConditions?: MatchCondition[]
    variables?: { name: string; expression: string }[]
    validations?: PolicyValidation[]
    auditAnnotations?: { key: string; valueExpression: string }[]
    failurePolicy?: FailurePolicy
  }
  status?: { observedGeneration?: number; typeChecking?: { expressionWarnings?: ExpressionWarning[] } }
}

/** Where a binding's parameters are found. */
export interface ParamRef {
  name?: string
  namespace?: string
  selector?: LabelSelector
  parameterNotFoundAction?: 'Allow' | 'Deny'
}

export interface ValidatingAdmissionPolicyBinding extends ApiObject {
  spec: {
    policyName: string
    paramRef?: ParamRef
    matchResources?: MatchResources
    validationActions?: ('Deny' | 'Warn' | 'Audit')[]
  }
}
