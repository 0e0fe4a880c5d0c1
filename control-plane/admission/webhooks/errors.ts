import { badRequest, type Status, StatusError } from '../../../api/meta/status.ts'

/** A webhook that could not be asked, or gave no proper answer: what its failure policy is about. */
export class CallError extends Error {
  readonly code = 'WEBHOOK_CALL'
  /** The HTTP status that metrics are told of. */
  readonly status: number

  constructor(webhook: string, reason: string, status: number, options?: ErrorOptions) {
    super(`failed calling webhook ${JSON.stringify(webhook)}: ${reason}`, options)
    this.status = status
  }
}

const LEAST_CODE = 400

/** A webhook's refusal as the client is told of it. */
export class Rejection extends StatusError {
  constructor(webhook: string, { message, reason, code = 0, status, ...result }: Partial<Status> = {}) {
    const denied = `admission webhook ${JSON.stringify(webhook)} denied the request`
    const why = message || reason
    super({
      ...result,
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: why ? `${denied}: ${why}` : `${denied} without explanation`,
      ...(reason && { reason }),
      code: Math.max(code, LEAST_CODE),
    })
  }
}

/** The time of a request was used up, by whatever webhooks were asked. */
export const outOfTime = (): StatusError =>
  new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'Timeout: request did not complete within requested timeout',
    reason: 'Timeout',
    details: {},
    code: 504,
  })

export const dryRunUnsupported = (webhook: string): StatusError =>
  badRequest(`admission webhook ${JSON.stringify(webhook)} does not support dry run`)
