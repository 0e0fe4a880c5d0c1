import { forbidden } from '../../../api/meta/status.ts'
import type { ImmediateAuthorizer } from '../../auth/types.ts'
import { inputsOf } from '../expressions/inputs.ts'
import { compileConditions } from '../expressions/match-conditions.ts'
import { matchRules } from '../matching/match.ts'
import { isObjectSelected, type NamespaceFinder } from '../matching/selection.ts'
import type { RequestForm, WrittenRequest } from '../written-request.ts'
import type { Hook } from './configured.ts'
import type { WebhookMetrics, WebhookType } from './metrics.ts'

const KIND = 'webhook'

/** Finds out which requests webhooks are for. */
export class Relevance {
  #finder: NamespaceFinder
  #authorizer: ImmediateAuthorizer
  #metrics: WebhookMetrics

  constructor(finder: NamespaceFinder, authorizer: ImmediateAuthorizer, metrics: WebhookMetrics) {
    this.#finder = finder
    this.#authorizer = authorizer
    this.#metrics = metrics
  }

  /**
   * The form in which a webhook wants to see a request; undefined when it does not.
   * @throws StatusError 404 when the request's namespace is not there, 403 when match conditions fail
   */
  async formFor(hook: Hook, request: WrittenRequest, type: WebhookType): Promise<RequestForm | undefined> {
    const { webhook, selection } = hook
    if (!isObjectSelected(selection, request)) return undefined
    const form = matchRules(webhook.rules ?? [], webhook.matchPolicy, request)
    if (!form || !(await this.#finder.isSelected(selection, request))) return undefined
    if (!webhook.matchConditions?.length) return form
    return (await this.#meetsConditions(hook, request, form, type)) ? form : undefined
  }

  async #meetsConditions(
    hook: Hook,
    request: WrittenRequest,
    form: RequestForm,
    type: WebhookType,
  ): Promise<boolean> {
    const { name, matchConditions = [], failurePolicy = 'Fail' } = hook.webhook
    hook.conditions ??= compileConditions(matchConditions, failurePolicy, false)
    const conditions = await hook.conditions
    const observed = { name, type, operation: request.operation }
    const inputs = await inputsOf(request, form, this.#finder, this.#authorizer)
    const start = performance.now()
    const result = conditions.test(inputs, () => this.#metrics.conditionFailed(observed, KIND))
    this.#metrics.conditionsTested(observed, KIND, (performance.now() - start) / 1_000)
    if ('error' in result) throw forbidden(request.attributes.kind, request.name, result.error)
    if (!result.matches) this.#metrics.excluded(observed, KIND)
    return result.matches
  }
}
