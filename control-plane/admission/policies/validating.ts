import type { Client } from '../../../api/client/client.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { forbidden, StatusError } from '../../../api/meta/status.ts'
import type { AdmissionPlugin } from '../../../plugins/admission.ts'
import type { ImmediateAuthorizer } from '../../auth/types.ts'
import { inputsOf } from '../expressions/inputs.ts'
import { isExempt, isReview } from '../matching/exempt.ts'
import { matchRules } from '../matching/match.ts'
import { isObjectSelected, type NamespaceFinder } from '../matching/selection.ts'
import type { WebhookMetrics } from '../webhooks/metrics.ts'
import { type ObjectForms, type RequestForm, WrittenRequest } from '../written-request.ts'
import { compilePolicy } from './compile.ts'
import type { Binding, BoundPolicy, ConfiguredPolicies, Constraints } from './configured.ts'
import { type Denial, type Evaluation, evaluatePolicy } from './evaluate.ts'
import type { Enforcement, PolicyMetrics } from './metrics.ts'
import { ConfigurationError, collectParams, findParamKind } from './params.ts'

export interface PolicyOptions {
  client: Client
  finder: NamespaceFinder
  forms: ObjectForms
  authorizer: ImmediateAuthorizer
  metrics: PolicyMetrics
  conditionMetrics: WebhookMetrics
}

/** Why a request is refused, and by whom. */
interface Refusal {
  policy: string
  binding: string | undefined
  message: string
  reason?: string | undefined
}

const KIND = 'ValidatingAdmissionPolicy'
const FAILURE_KEY = 'validation.policy.admission.k8s.io/validation_failure'
/** Bytes. */
const LONGEST_ANNOTATION = 10 * 1024
const CODES: Record<string, number> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413 }
const INVALID = 422

/** Holds writes to the policies that are bound. */
export function validatingPolicies(configured: ConfiguredPolicies, options: PolicyOptions): AdmissionPlugin {
  return {
    name: KIND,
    handles: attributes => configured.bound.length > 0 && !isExempt(attributes) && !isReview(attributes),
    async validate(attributes) {
      const request = new WrittenRequest(attributes, options.forms, false)
      const refusals: Refusal[] = []
      for (const bound of configured.bound) {
        refusals.push(...(await new PolicyCheck(bound, request, options).run()))
      }
      if (refusals[0]) throw refuse(request, refusals[0])
    },
  }
}

/** One policy, with all of its bindings, on one request. */
class PolicyCheck {
  #bound: BoundPolicy
  #request: WrittenRequest
  #options: PolicyOptions
  #refusals: Refusal[] = []
  #annotations = new Map<string, Set<string>>()

  constructor(bound: BoundPolicy, request: WrittenRequest, options: PolicyOptions) {
    this.#bound = bound
    this.#request = request
    this.#options = options
  }

  get #name(): string {
    return this.#bound.policy.metadata.name
  }

  async run(): Promise<Refusal[]> {
    await this.#configured(undefined, async () => {
      const form = await this.#match(this.#bound.constraints)
      if (!form) return
      const { paramKind } = this.#bound.policy.spec
      if (paramKind) findParamKind(paramKind, this.#options.forms)
      for (const binding of this.#bound.bindings) {
        await this.#configured(binding.binding.metadata.name, () => this.#check(binding, form))
      }
    })
    this.#publish()
    return this.#refusals
  }

  /** Faults of a policy, or of a binding, are subject to the failure policy. */
  async #configured(binding: string | undefined, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      if (this.#bound.policy.spec.failurePolicy === 'Ignore') return
      const what = binding === undefined ? 'policy' : 'binding'
      this.#refuse(binding, { message: `failed to configure ${what}: ${error.message}` })
    }
  }

  #refuse(
    binding: string | undefined,
    { message, reason }: { message: string; reason?: string | undefined },
  ): void {
    this.#refusals.push({ policy: this.#name, binding, message, reason })
  }

  async #match({ resources, selection }: Constraints): Promise<RequestForm | undefined> {
    const { resourceRules = [], excludeResourceRules = [], matchPolicy } = resources
    if (!isObjectSelected(selection, this.#request)) return undefined
    if (matchRules(excludeResourceRules, matchPolicy, this.#request)) return undefined
    const form =
      resourceRules.length === 0 ? this.#request.form : matchRules(resourceRules, matchPolicy, this.#request)
    return form && (await this.#options.finder.isSelected(selection, this.#request)) ? form : undefined
  }

  async #check(bound: Binding, form: RequestForm): Promise<void> {
    if (bound.constraints && !(await this.#match(bound.constraints))) return
    const { policy } = this.#bound
    this.#bound.compiled ??= compilePolicy(policy)
    const compiled = await this.#bound.compiled
    const { finder, authorizer, conditionMetrics } = this.#options
    const observed = { name: this.#name, type: 'validate', operation: this.#request.operation } as const
    const counts = {
      conditionFailed: () => conditionMetrics.conditionFailed(observed, 'policy'),
      excluded: () => conditionMetrics.excluded(observed, 'policy'),
      conditionsTested: (seconds: number) => conditionMetrics.conditionsTested(observed, 'policy', seconds),
    }
    const inputs = await inputsOf(this.#request, form, finder, authorizer)
    for (const params of await this.#params(bound)) {
      const start = performance.now()
      const evaluation = evaluatePolicy(policy, compiled, { ...inputs, params }, counts)
      this.#enforce(evaluation, bound, (performance.now() - start) / 1_000)
    }
  }

  /** Parameters to evaluate with, one after the other; a single undefined where the policy has none. */
  async #params({ binding }: Binding): Promise<(ApiObject | undefined)[]> {
    const { paramKind } = this.#bound.policy.spec
    const { paramRef } = binding.spec
    if (!paramKind || !paramRef) return [undefined]
    const { client, forms } = this.#options
    return await collectParams(findParamKind(paramKind, forms), paramRef, this.#request.namespace, client)
  }

  #enforce(evaluation: Evaluation, { binding }: Binding, seconds: number): void {
    const { metrics } = this.#options
    const { name } = binding.metadata
    const count = (denial: Pick<Denial, 'errorType'>, action: Enforcement): void =>
      metrics.checked(this.#name, name, denial.errorType, action, seconds)
    for (const errorType of evaluation.ignored) count({ errorType }, 'allow')
    for (const denial of evaluation.denials) {
      for (const action of binding.spec.validationActions ?? []) {
        if (action === 'Deny') this.#refuse(name, denial)
        else if (action === 'Warn') this.#warn(name, denial)
        else this.#note(binding, denial)
        count(denial, action.toLowerCase() as Enforcement)
      }
    }
    for (const message of evaluation.annotationFaults) {
      this.#refuse(name, { message })
      count({ errorType: 'invalid_error' }, 'deny')
    }
    for (const { key, value } of evaluation.annotations) {
      const values = this.#annotations.get(key) ?? new Set()
      this.#annotations.set(key, values.add(value.slice(0, LONGEST_ANNOTATION)))
    }
  }

  #warn(binding: string, { message }: Denial): void {
    this.#request.attributes.warn(
      `Validation failed for ValidatingAdmissionPolicy '${this.#name}' with binding '${binding}': ${message}`,
    )
  }

  #note({ metadata, spec }: Binding['binding'], { message, index }: Denial): void {
    const failure = {
      message,
      policy: this.#name,
      binding: metadata.name,
      expressionIndex: index,
      validationActions: spec.validationActions,
    }
    this.#request.attributes.origin?.annotate(FAILURE_KEY, JSON.stringify([failure]))
  }

  #publish(): void {
    for (const [key, values] of this.#annotations) {
      this.#request.attributes.origin?.annotate(`${this.#name}/${key}`, [...values].join(', '))
    }
  }
}

function refuse(
  request: WrittenRequest,
  { policy, binding, message, reason = 'Invalid' }: Refusal,
): StatusError {
  const by = binding === undefined ? '' : ` with binding '${binding}'`
  const why = `ValidatingAdmissionPolicy '${policy}'${by} denied request: ${message}`
  const { group, resource } = request.resource
  const name = request.name || request.object?.metadata?.name || 'Unknown'
  const { status } = forbidden({ group, plural: resource }, name, why)
  return new StatusError({
    ...status,
    reason,
    code: CODES[reason] ?? INVALID,
    details: { ...status.details, causes: [{ message: why }] },
  })
}
