import { matchRules } from '../matching/match.ts'
import { isObjectSelected, type NamespaceFinder } from '../matching/selection.ts'
import type { RequestForm, WrittenRequest } from '../written-request.ts'
import type { Hook } from './configured.ts'
import type { WebhookType } from './metrics.ts'

/** Finds out which requests webhooks are for. */
export class Relevance {
  #finder: NamespaceFinder

  constructor(finder: NamespaceFinder) {
    this.#finder = finder
  }

  /**
   * The form in which a webhook wants to see a request; undefined when it does not.
   * @throws StatusError 404 when the request's namespace is not there
   */
  async formFor(
    { webhook, selection }: Hook,
    request: WrittenRequest,
    _type: WebhookType,
  ): Promise<RequestForm | undefined> {
    if (!isObjectSelected(selection, request)) return undefined
    const form = matchRules(webhook.rules ?? [], webhook.matchPolicy, request)
    if (!form) return undefined
    return (await this.#finder.isSelected(selection, request)) ? form : undefined
  }
}
