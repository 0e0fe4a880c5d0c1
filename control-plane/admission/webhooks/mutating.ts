import { parseJson } from '../../../api/meta/json.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { applyJsonPatch } from '../../../api/meta/patch/json.ts'
import { isMap, isSame } from '../../../api/meta/patch/own.ts'
import { internalError } from '../../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../../plugins/admission.ts'
import { isExempt } from '../matching/exempt.ts'
import type { NamespaceFinder } from '../matching/selection.ts'
import { type ObjectForms, type RequestForm, WrittenRequest } from '../written-request.ts'
import { ask, type Caller, timeLeft } from './ask.ts'
import type { ConfiguredHooks, Hook } from './configured.ts'
import type { WebhookMetrics } from './metrics.ts'
import { observe } from './observed.ts'
import type { Relevance } from './relevant.ts'

/** What both steps of webhooks work with. */
export interface WebhookOptions extends Caller {
  finder: NamespaceFinder
  forms: ObjectForms
  metrics: WebhookMetrics
  relevance: Relevance
}

/** What is known of a request after webhooks were asked for the first time. */
interface Round {
  /** 0, and 1 when webhooks are asked again. */
  number: number
  /** Webhooks that want to be asked again when another one has changed the object after them. */
  asked: Set<string>
  /** Of those, the ones after which the object was changed. */
  again: Set<string>
  /** The object as webhooks left it. */
  left: ApiObject | undefined
}

const MUTATION = 'mutation.webhook.admission.k8s.io'
const PATCH = 'patch.webhook.admission.k8s.io'
const FAILED_OPEN = 'failed-open.mutating.webhook.admission.k8s.io'

/** Lets webhooks change objects, one after the other in the order of their configurations' names. */
export function mutatingWebhooks(configured: ConfiguredHooks, options: WebhookOptions): AdmissionPlugin {
  const rounds = new WeakMap<AdmissionAttributes, Round>()
  return {
    name: 'MutatingAdmissionWebhook',
    handles: attributes => configured.hooks.length > 0 && !isExempt(attributes),
    async mutate(attributes) {
      const before = rounds.get(attributes)
      const round = before ?? { number: -1, asked: new Set(), again: new Set(), left: undefined }
      round.number++
      rounds.set(attributes, round)
      if (before && !isSame(plain(attributes.object), round.left)) noteChange(round)
      const isChanged = await askAll(configured.hooks, attributes, round, options)
      if (isChanged || before) round.left = plain(attributes.object)
      return isChanged && !before ? 'again' : undefined
    },
  }
}

const plain = (object: ApiObject | undefined): any => object && parseJson(JSON.stringify(object))

/** All that were asked before a change may have to be asked again. */
function noteChange(round: Round): void {
  for (const id of round.asked) round.again.add(id)
  round.asked.clear()
}

async function askAll(
  hooks: readonly Hook[],
  attributes: AdmissionAttributes,
  round: Round,
  options: WebhookOptions,
): Promise<boolean> {
  let isChanged = false
  const request = new WrittenRequest(attributes, options.forms, true)
  for (const [index, hook] of hooks.entries()) {
    const form = await options.relevance.formFor(hook, request, 'admit')
    if (!form) continue
    if (round.number > 0 && !round.again.has(hook.id)) continue
    const changes = await askOne(hook, index, request, form, round, options)
    if (changes) {
      isChanged = true
      noteChange(round)
    }
    if (hook.webhook.reinvocationPolicy === 'IfNeeded') round.asked.add(hook.id)
  }
  return isChanged
}

/** Whether the webhook changed the object. */
async function askOne(
  hook: Hook,
  index: number,
  request: WrittenRequest,
  form: RequestForm,
  round: Round,
  options: WebhookOptions,
): Promise<boolean> {
  const { name, failurePolicy } = hook.webhook
  const { origin } = request.attributes
  const note = (prefix: string, value: string, isDetail = false): void =>
    origin?.annotate(`${prefix}/round_${round.number}_index_${index}`, value, isDetail)
  const observed = { name, type: 'admit', operation: request.operation } as const
  const isIgnored = failurePolicy === 'Ignore'
  const tell = (mutated: boolean): void =>
    note(MUTATION, JSON.stringify({ configuration: hook.configuration, webhook: name, mutated }))
  try {
    const answered = await observe(options.metrics, observed, isIgnored, async () => {
      const { patch } = await ask(hook, request, form, options)
      return { patch, isChanged: patch ? await change(name, request, form, patch) : false }
    })
    if (!answered) {
      note(FAILED_OPEN, name)
      timeLeft(request)
    }
    const { isChanged = false, patch } = answered ?? {}
    tell(isChanged)
    if (patch) {
      const steps = {
        configuration: hook.configuration,
        webhook: name,
        patch: parseJson(patch),
        patchType: 'JSONPatch',
      }
      note(PATCH, JSON.stringify(steps), true)
    }
    return isChanged
  } catch (error) {
    tell(false)
    throw error
  }
}

/** @throws StatusError 500 for a patch that cannot be applied */
async function change(
  name: string,
  request: WrittenRequest,
  form: RequestForm,
  patch: string,
): Promise<boolean> {
  const steps = parsePatch(patch)
  if (steps.length === 0) return false
  const shown = await request.objectIn(form)
  if (!shown) {
    throw internalError(
      `admission webhook ${JSON.stringify(name)} attempted to modify the object, which is not supported for this operation`,
    )
  }
  const before = plain(shown)
  let after: ApiObject
  try {
    after = plain(applyJsonPatch(before, steps))
  } catch (error) {
    throw internalError(patchFault(error as Error, steps))
  }
  decode(after, request, form)
  if (isSame(before, after)) return false
  await request.replace(after, form)
  return true
}

/** @throws StatusError 500 for what is no object of the kind any more */
function decode(changed: unknown, request: WrittenRequest, form: RequestForm): void {
  const { kind } = form.kind
  if (!isMap(changed) || !isMap(changed.metadata ?? {})) {
    throw internalError(`json: cannot unmarshal ${typeof changed} into Go value of type ${kind}`)
  }
  try {
    request.decode(changed as ApiObject, form)
  } catch (error) {
    throw internalError((error as Error).message)
  }
}

function parsePatch(patch: string): unknown[] {
  try {
    return parseJson(patch) ?? []
  } catch (error) {
    throw internalError((error as Error).message)
  }
}

/** Go's words for the step of a patch that failed. */
function patchFault(error: Error, steps: readonly unknown[]): string {
  const index = /^operation (\d+) /.exec((error.cause as Error | undefined)?.message ?? '')?.[1]
  if (index === undefined) return error.message
  const { op, path } = steps[Number(index)] as { op: string; path: string }
  if (op === 'test') return `testing value ${path} failed: test failed`
  const missing = op === 'replace' ? `key: ${path}` : `path: "${path}"`
  return `${op} operation does not apply: doc is missing ${missing}: missing value`
}
