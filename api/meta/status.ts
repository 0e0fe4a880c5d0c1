/**
 * Errors of the API: a meta/v1 Status as a thrown value. All reasons, codes and messages are made here, so that a client
 * sees the words it would see from kube-apiserver.
 */

/** One cause in `status.details.causes`. */
export interface StatusCause {
  reason?: string
  message?: string
  field?: string
}

/** meta/v1 Status. */
export interface Status {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: Record<string, unknown>
  status: 'Success' | 'Failure'
  message?: string
  reason?: string
  details?: {
    name?: string
    group?: string
    kind?: string
    uid?: string
    causes?: StatusCause[]
    retryAfterSeconds?: number
  }
  code?: number
}

/** Names a resource in messages: `deployments.apps`. */
export interface ResourceRef {
  group: string
  plural: string
}

/** Names a kind in messages: `Deployment.apps`. */
export interface KindRef {
  group: string
  kind: string
}

/** An API error. `status` is what goes over the wire. */
export class StatusError extends Error {
  readonly status: Status

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? 'unknown error', options)
    this.name = 'StatusError'
    this.status = status
  }

  /** HTTP status code. */
  get code(): number {
    return this.status.code ?? 500
  }

  get reason(): string {
    return this.status.reason ?? ''
  }
}

type Details = NonNullable<Status['details']>

function failure(
  code: number,
  reason: string,
  message: string,
  details?: Details,
  options?: ErrorOptions,
): StatusError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details && { details }),
    code,
  }
  return new StatusError(status, options)
}

const resourceText = ({ group, plural }: ResourceRef): string => (group ? `${plural}.${group}` : plural)

const kindText = ({ group, kind }: KindRef): string => (group ? `${kind}.${group}` : kind)

const resourceDetails = ({ group, plural }: ResourceRef, name?: string): Details => ({
  ...(name && { name }),
  ...(group && { group }),
  kind: plural,
})

export const badRequest = (message: string): StatusError => failure(400, 'BadRequest', message)

export const unauthorized = (message = 'Unauthorized'): StatusError => failure(401, 'Unauthorized', message)

/** `message` says why, without the resource: `User "x" cannot list …`. */
export function forbidden(resource: ResourceRef, name: string | undefined, message: string): StatusError {
  const what =
    resource.plural === '' ? 'forbidden' : `${resourceText(resource)}${name ? ` "${name}"` : ''} is forbidden`
  return failure(403, 'Forbidden', `${what}: ${message}`, resourceDetails(resource, name))
}

export const notFound = (resource: ResourceRef, name: string): StatusError =>
  failure(
    404,
    'NotFound',
    `${resourceText(resource)} ${goQuote(name)} not found`,
    resourceDetails(resource, name),
  )

/** A path that no resource is served at. */
export const pathNotFound = (): StatusError =>
  failure(404, 'NotFound', 'the server could not find the requested resource', {})

/** `before` is said first. */
export const alreadyExists = (resource: ResourceRef, name: string, before = ''): StatusError =>
  failure(
    409,
    'AlreadyExists',
    `${before}${resourceText(resource)} ${goQuote(name)} already exists`,
    resourceDetails(resource, name),
  )

/** `message` ends the sentence `Operation cannot be fulfilled on deployments.apps "x": …`. */
export const conflict = (resource: ResourceRef, name: string, message: string): StatusError =>
  failure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${resourceText(resource)} ${goQuote(name)}: ${message}`,
    resourceDetails(resource, name),
  )

/** A 422 with one cause a field. */
export function invalid(kind: KindRef, name: string, errors: readonly FieldError[]): StatusError {
  const causes = errors.map(error => ({ reason: error.type, message: describe(error), field: error.field }))
  const details = {
    ...(name && { name }),
    ...(kind.group && { group: kind.group }),
    ...(kind.kind && { kind: kind.kind }),
    causes,
  }
  return failure(
    422,
    'Invalid',
    `${kindText(kind)} ${goQuote(name)} is invalid: ${aggregate(errors)}`,
    details,
  )
}

/** An error with its field before it, as warnings have it. */
export const describeFieldError = (error: FieldError): string => `${error.field}: ${describe(error)}`

/** Several errors stand in brackets, each once, as Go's aggregate prints them. */
function aggregate(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(describeFieldError))]
  if (texts.length === 0) return '<nil>'
  return texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
}

/** A 422 without a field: a patch whose steps cannot be done. Upstream's message keeps the reason to itself; `cause` has it. */
export const unprocessable = (cause: Error): StatusError =>
  failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {}, { cause })

export const methodNotSupported = (resource: ResourceRef, verb: string): StatusError =>
  failure(
    405,
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind "${resourceText(resource)}"`,
    resourceDetails(resource),
  )

export const methodNotAllowed = (): StatusError =>
  failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})

/** What upstream's router says of a path that has nothing of what the client takes: before anything is looked at. */
export const noRepresentation = (available: readonly string[]): StatusError =>
  failure(
    406,
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${available.join(', ')}`,
    {},
  )

export const notAcceptable = (
  accepted: readonly string[],
  message = `only the following media types are accepted: ${accepted.join(', ')}`,
): StatusError => failure(406, 'NotAcceptable', message)

export const unsupportedMediaType = (accepted: readonly string[]): StatusError =>
  failure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )

export const tooLarge = (message: string): StatusError =>
  failure(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`)

/** 410 `Expired`: the resourceVersion asked for is gone. */
export const expired = (message: string): StatusError => failure(410, 'Expired', message)

export const timeout = (resource: ResourceRef, operation: string, retryAfterSeconds = 1): StatusError =>
  failure(
    504,
    'Timeout',
    `The ${operation} operation against ${resourceText(resource)} could not be completed at this time, please try again.`,
    {
      ...resourceDetails(resource),
      retryAfterSeconds,
    },
  )

export const tooManyRequests = (
  message: string,
  retryAfterSeconds = 1,
  causes?: StatusCause[],
): StatusError =>
  failure(429, 'TooManyRequests', message, {
    ...(causes && { causes }),
    ...(retryAfterSeconds && { retryAfterSeconds }),
  })

/** Clients try again by themselves after `retryAfterSeconds`; 0 tells them not to. */
export const serviceUnavailable = (message: string, retryAfterSeconds = 1): StatusError =>
  failure(503, 'ServiceUnavailable', message, retryAfterSeconds ? { retryAfterSeconds } : undefined)

export const internalError = (message: string): StatusError =>
  failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })

/** A 500 that says what was wrong without a reason, as upstream's server answers errors that it does not expect. */
export function unexpectedError(message: string, options?: ErrorOptions): StatusError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    code: 500,
  }
  return new StatusError(status, options)
}

/** A 409 of server-side apply: one cause a field that another manager owns. */
export const applyConflict = (message: string, causes: StatusCause[]): StatusError =>
  failure(409, 'Conflict', message, { causes })

export const isStatusError = (error: unknown): error is StatusError =>
  error instanceof Error && error.name === 'StatusError' && 'status' in error

const hasReason =
  (reason: string) =>
  (error: unknown): boolean =>
    isStatusError(error) && error.reason === reason

export const isNotFound = hasReason('NotFound')
export const isConflict = hasReason('Conflict')
export const isAlreadyExists = hasReason('AlreadyExists')

/** One thing that is wrong with one field. `type` is the cause's reason. */
export interface FieldError {
  type:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueNotFound'
    | 'FieldValueTypeInvalid'
    | 'InternalError'
  field: string
  badValue?: unknown
  detail: string
}

const LABELS: Record<FieldError['type'], string> = {
  FieldValueRequired: 'Required value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  FieldValueNotFound: 'Not found',
  FieldValueTypeInvalid: 'Invalid value',
  InternalError: 'Internal error',
}

/** In place of a value that is not to be shown. */
export const OMITTED: unique symbol = Symbol('omitted')

const WITHOUT_VALUE = new Set<FieldError['type']>([
  'FieldValueRequired',
  'FieldValueForbidden',
  'FieldValueTooLong',
  'InternalError',
])

function describe({ type, badValue, detail }: FieldError): string {
  const value = badValue === OMITTED || WITHOUT_VALUE.has(type) ? '' : `: ${goValue(badValue)}`
  return `${LABELS[type]}${value}${detail ? `: ${detail}` : ''}`
}

/** A value as Go prints it in messages: strings quoted, objects as JSON that is safe in HTML. */
function goValue(value: unknown): string {
  if (value === undefined || value === null) return 'null'
  if (typeof value === 'string') return goQuote(value)
  if (typeof value !== 'object') return JSON.stringify(value)
  return JSON.stringify(value).replace(/[<>&]/g, character => HTML_ESCAPES[character]!)
}

/** A text as Go's `%q` prints it. */
export function goQuote(text: string): string {
  const quoted = JSON.stringify(text)
  return quoted.includes('\\u') || /[^ -~]/.test(quoted) ? quoteOdd(text) : quoted
}

const GO_ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/** What cannot be printed is told by its number: two digits in ASCII, four or eight above. */
function quoteOdd(text: string): string {
  const letters = Array.from(text, letter => {
    const code = letter.codePointAt(0)!
    if (GO_ESCAPES[letter] !== undefined) return GO_ESCAPES[letter]
    if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`
    if (code <= 0x7e || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(letter)) return letter
    const isShort = code <= 0xff_ff
    return `\\${isShort ? 'u' : 'U'}${code.toString(16).padStart(isShort ? 4 : 8, '0')}`
  })
  return `"${letters.join('')}"`
}

const HTML_ESCAPES: Record<string, string> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' }

export const required = (field: string, detail: string): FieldError => ({
  type: 'FieldValueRequired',
  field,
  detail,
})

export const invalidValue = (field: string, badValue: unknown, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  badValue,
  detail,
})

/** The values stand in the order given, as upstream's do. */
export const notSupported = (field: string, badValue: unknown, allowed: readonly string[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field,
  badValue,
  detail:
    allowed.length > 0 ? `supported values: ${allowed.map(value => JSON.stringify(value)).join(', ')}` : '',
})

export const duplicateValue = (field: string, badValue: unknown): FieldError => ({
  type: 'FieldValueDuplicate',
  field,
  badValue,
  detail: '',
})

export const forbiddenField = (field: string, detail: string): FieldError => ({
  type: 'FieldValueForbidden',
  field,
  detail,
})

export const tooLong = (field: string, badValue: unknown, max: number): FieldError => ({
  type: 'FieldValueTooLong',
  field,
  badValue,
  detail: `may not be more than ${max} ${max === 1 ? 'byte' : 'bytes'}`,
})

export const tooMany = (field: string, badValue: number, max: number): FieldError => ({
  type: 'FieldValueTooMany',
  field,
  badValue,
  detail: `must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
})

export const notFoundValue = (field: string, badValue: unknown, detail = ''): FieldError => ({
  type: 'FieldValueNotFound',
  field,
  badValue,
  detail,
})

export const typeInvalid = (field: string, badValue: unknown, detail: string): FieldError => ({
  type: 'FieldValueTypeInvalid',
  field,
  badValue,
  detail,
})
