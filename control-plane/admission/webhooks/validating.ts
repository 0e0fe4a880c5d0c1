import type { AdmissionPlugin } from '../../../plugins/admission.ts'
import { isExempt } from '../matching/exempt.ts'
import { type RequestForm, WrittenRequest } from '../written-request.ts'
import { ask, timeLeft } from './ask.ts'
import type { ConfiguredHooks, Hook } from './configured.ts'
import type { WebhookOptions } from './mutating.ts'
import { observe } from './observed.ts'

const FAILED_OPEN = 'failed-open.validating.webhook.admission.k8s.io'

/** Lets webhooks refuse objects, all at the same time; the first refusal counts. */
export function validatingWebhooks(configured: ConfiguredHooks, options: WebhookOptions): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    handles: attributes => configured.hooks.length > 0 && !isExempt(attributes),
    async validate(attributes) {
      const request = new WrittenRequest(attributes, options.forms, false)
      const relevant: { hook: Hook; form: RequestForm }[] = []
      for (const hook of configured.hooks) {
        const form = await options.relevance.formFor(hook, request, 'validating')
        if (form) relevant.push({ hook, form })
      }
      let isRefused = false
      let refusal: unknown
      const askOne = async ({ hook, form }: (typeof relevant)[number], index: number): Promise<void> => {
        try {
          await validate(hook, form, index, request, options)
        } catch (error) {
          if (!isRefused) refusal = error
          isRefused = true
        }
      }
      await Promise.all(relevant.map(askOne))
      if (isRefused) throw refusal
    },
  }
}

async function validate(
  hook: Hook,
  form: RequestForm,
  index: number,
  request: WrittenRequest,
  options: WebhookOptions,
): Promise<void> {
  const { name, failurePolicy } = hook.webhook
  const observed = { name, type: 'validating', operation: request.operation } as const
  const verdict = await observe(options.metrics, observed, failurePolicy === 'Ignore', () =>
    ask(hook, request, form, options),
  )
  if (verdict) return
  request.attributes.origin?.annotate(`${FAILED_OPEN}/round_0_index_${index}`, name)
  timeLeft(request)
}
