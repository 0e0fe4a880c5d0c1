import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  WebhookConfiguration,
} from './admission-types.ts'
import * as columns from './columns/admission.ts'
import { groupVersion } from './declare.ts'

const v1 = groupVersion('admissionregistration.k8s.io', 'v1')

const shared = { namespaced: false, categories: ['api-extensions'] } as const

export const mutatingWebhookConfigurations = v1<WebhookConfiguration>({
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  columns: columns.webhookColumns,
  ...shared,
})

export const validatingWebhookConfigurations = v1<WebhookConfiguration>({
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  columns: columns.webhookColumns,
  ...shared,
})

export const validatingAdmissionPolicies = v1<ValidatingAdmissionPolicy>({
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  columns: columns.admissionPolicyColumns,
  subresources: { status: true },
  ...shared,
})

export const validatingAdmissionPolicyBindings = v1<ValidatingAdmissionPolicyBinding>({
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  columns: columns.admissionPolicyBindingColumns,
  ...shared,
})
