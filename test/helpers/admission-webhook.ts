import { once } from 'node:events'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
} from '../../api/kinds/admissionregistration.ts'
import type { TestApiServer } from './api-server.ts'
import { startTlsServer, type TlsServer } from './tls-server.ts'

/** What an admission webhook was asked. */
export interface AskedReview {
  path: string
  apiVersion: string
  request: any
}

/** Answers a review: the response without its uid; undefined lets the caller wait for ever. */
export type Answer = (request: any) => object | undefined

/** A server of admission webhooks: each path answers in its own way. */
export interface AdmissionServer {
  tls: TlsServer
  /** All that was asked, in order. */
  asked: AskedReview[]
  /** Sets the answer of a path and gives the client configuration that leads there. */
  at(path: string, answer: Answer): { url: string; caBundle: string }
  stop(): Promise<void>
}

export async function startAdmissionServer(options: { names?: string[] } = {}): Promise<AdmissionServer> {
  const asked: AskedReview[] = []
  const answers = new Map<string, Answer>()
  const tls = await startTlsServer(async (request, response) => {
    const [path = ''] = request.url!.split('?')
    const review = (await json(request)) as any
    asked.push({ path: request.url!, apiVersion: review.apiVersion, request: review.request })
    const answer = answers.get(path)?.(review.request)
    if (!answer) return void (await once(response, 'close'))
    const { raw, ...given } = answer as { raw?: { status: number; body: string } }
    response.setHeader('content-type', 'application/json')
    if (raw) {
      response.statusCode = raw.status
      return void response.end(raw.body)
    }
    const { kind, apiVersion } = review
    response.end(JSON.stringify({ kind, apiVersion, response: { uid: review.request.uid, ...given } }))
  }, options)
  return {
    tls,
    asked,
    at(path, answer) {
      answers.set(path, answer)
      return { url: tls.url + path, caBundle: tls.caBundle }
    },
    stop: () => tls.stop(),
  }
}

/** A JSON patch as webhooks answer it. */
export const patchAnswer = (...steps: object[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(steps)).toString('base64'),
})

let count = 0

/**
 * Makes a configuration of one webhook, for all that is done to ConfigMaps unless other rules are given, and only in the
 * namespace given. It has the most time there is, for machines that are busy.
 */
export async function configureWebhook(
  api: TestApiServer,
  type: 'mutating' | 'validating',
  namespace: string,
  webhook: Record<string, unknown>,
  name = `hook-${++count}`,
): Promise<string> {
  const path = `/apis/admissionregistration.k8s.io/v1/${type}webhookconfigurations`
  const full = {
    name: `${name}.example.com`,
    rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 30,
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    ...webhook,
  }
  const answer = await api.raw(path, { body: { metadata: { name }, webhooks: [full] } })
  if (answer.status !== 201) throw new Error(answer.text)
  const kind = type === 'mutating' ? mutatingWebhookConfigurations : validatingWebhookConfigurations
  await until(() => api.server.informers.informer(kind).get(name) !== undefined)
  return `${path}/${name}`
}

/** Waits for what the server hears of a moment after it was written. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 120_000
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error('this did not come true')
    await sleep(10)
  }
}
