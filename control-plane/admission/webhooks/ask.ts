import { randomUUID } from 'node:crypto'
import type { InformerFactory } from '../../../api/client/client.ts'
import { callWebhook, WebhookError } from '../../apiserver/webhooks/call.ts'
import type { FindCredentials } from '../../apiserver/webhooks/credentials.ts'
import type { RequestForm, WrittenRequest } from '../written-request.ts'
import type { Hook } from './configured.ts'
import { CallError, dryRunUnsupported, outOfTime, Rejection } from './errors.ts'
import {
  DecodeError,
  ReviewError,
  readVerdict,
  reviewRequest,
  reviewVersion,
  type Verdict,
} from './review.ts'

/** How webhooks are reached. */
export interface Caller {
  informers: InformerFactory
  /** How this server shows webhooks who it is. */
  credentials?: FindCredentials | undefined
}

const DEFAULT_SECONDS = 10
const UNAVAILABLE = 503
const BAD_REQUEST = 400
const WITHOUT_EFFECT = ['None', 'NoneOnDryRun']

/**
 * Asks a webhook; what it says beside its verdict is passed on to the client and the audit log.
 * @throws CallError, Rejection, StatusError 400 for a dry run that the webhook does not support
 */
export async function ask(
  { webhook }: Hook,
  request: WrittenRequest,
  form: RequestForm,
  { informers, credentials }: Caller,
): Promise<Verdict> {
  const { name, timeoutSeconds = DEFAULT_SECONDS } = webhook
  const { attributes, isMutable } = request
  if (attributes.dryRun && !WITHOUT_EFFECT.includes(webhook.sideEffects ?? '')) throw dryRunUnsupported(name)
  const version = reviewVersion(webhook.admissionReviewVersions)
  if (!version) {
    const why =
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)'
    throw new CallError(name, why, BAD_REQUEST)
  }
  const uid = randomUUID()
  const review = {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: await reviewRequest(request, form, uid),
  }
  try {
    const deadline = Math.ceil(Math.min(timeoutSeconds * 1_000, timeLeft(request)))
    const query = { timeout: `${Math.ceil(deadline / 1_000)}s` }
    const answer = await callWebhook(webhook.clientConfig, review, informers, deadline, query, credentials)
    const verdict = readVerdict(answer, version, uid, isMutable)
    passOn(verdict, name, request)
    if (!verdict.allowed) throw new Rejection(name, verdict.result)
    return verdict
  } catch (error) {
    if (error instanceof ReviewError) {
      throw new CallError(name, `received invalid webhook response: ${error.message}`, UNAVAILABLE)
    }
    if (error instanceof DecodeError) {
      throw new CallError(name, `failed to call webhook: ${error.message}`, UNAVAILABLE)
    }
    if (error instanceof WebhookError) {
      throw new CallError(name, `failed to call webhook: ${error.message}`, error.status, { cause: error })
    }
    throw error
  }
}

/** Milliseconds that a request has left. @throws StatusError 504 when it has none */
export function timeLeft({ attributes }: WrittenRequest): number {
  const left = attributes.origin?.remaining?.() ?? Number.POSITIVE_INFINITY
  if (left === 0) throw outOfTime()
  return left
}

function passOn({ warnings, auditAnnotations }: Verdict, name: string, { attributes }: WrittenRequest): void {
  for (const warning of warnings) attributes.warn(String(warning))
  for (const [key, value] of Object.entries(auditAnnotations)) {
    attributes.origin?.annotate(`${name}/${key}`, String(value))
  }
}
