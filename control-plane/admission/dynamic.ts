import type { Registry } from 'prom-client'
import type { Client, InformerFactory } from '../../api/client/client.ts'
import {
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
} from '../../api/kinds/admissionregistration.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { FindCredentials } from '../apiserver/webhooks/credentials.ts'
import { createAuthorizer } from '../auth/authorizers.ts'
import { NamespaceFinder } from './matching/selection.ts'
import { ConfiguredPolicies } from './policies/configured.ts'
import { PolicyMetrics } from './policies/metrics.ts'
import { validatingPolicies } from './policies/validating.ts'
import { ConfiguredHooks } from './webhooks/configured.ts'
import { WebhookMetrics } from './webhooks/metrics.ts'
import { mutatingWebhooks } from './webhooks/mutating.ts'
import { Relevance } from './webhooks/relevant.ts'
import { validatingWebhooks } from './webhooks/validating.ts'
import type { ObjectForms } from './written-request.ts'

/** Steps of admission that objects of the API configure. */
export interface DynamicAdmission {
  mutatingWebhooks: AdmissionPlugin
  validatingPolicies: AdmissionPlugin
  validatingWebhooks: AdmissionPlugin
  /**
   * Reads the configurations and follows them. Nothing is refused before: a server that starts cannot be stopped by what
   * it could not reach yet.
   */
  start(): Promise<void>
}

export interface DynamicAdmissionOptions {
  client: Client
  informers: InformerFactory
  forms: ObjectForms
  registry: Registry
  log: Logger
  /** How each of the two kinds of webhooks is shown who asks. */
  credentials?: { mutating: FindCredentials | undefined; validating: FindCredentials | undefined }
}

/** Webhooks and policies, as the API's objects configure them. */
export function createDynamicAdmission(options: DynamicAdmissionOptions): DynamicAdmission {
  const { client, informers, forms, registry, log, credentials } = options
  const authorizer = createAuthorizer({ informers })
  const finder = new NamespaceFinder(client, informers)
  const metrics = new WebhookMetrics(registry)
  const relevance = new Relevance(finder, authorizer, metrics)
  const policies = new ConfiguredPolicies(informers, log)
  const hooks = { informers, forms, finder, metrics, relevance }
  const mutating = new ConfiguredHooks(mutatingWebhookConfigurations, informers, log)
  const validating = new ConfiguredHooks(validatingWebhookConfigurations, informers, log)
  return {
    mutatingWebhooks: mutatingWebhooks(mutating, { ...hooks, credentials: credentials?.mutating }),
    validatingPolicies: validatingPolicies(policies, {
      client,
      finder,
      forms,
      authorizer,
      metrics: new PolicyMetrics(registry),
      conditionMetrics: metrics,
    }),
    validatingWebhooks: validatingWebhooks(validating, { ...hooks, credentials: credentials?.validating }),
    async start() {
      await Promise.all([mutating.start(), policies.start(), validating.start()])
    },
  }
}
