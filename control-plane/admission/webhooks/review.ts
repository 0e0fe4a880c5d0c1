import { isMap } from '../../../api/meta/patch/own.ts'
import type { Status } from '../../../api/meta/status.ts'
import type { RequestForm, WrittenRequest } from '../written-request.ts'

const GROUP = 'admission.k8s.io'
const KNOWN_VERSIONS = ['v1', 'v1beta1']

/** What a webhook said. */
export interface Verdict {
  allowed: boolean
  result: Partial<Status> | undefined
  /** The text of a JSON patch; undefined for none. */
  patch: string | undefined
  warnings: string[]
  auditAnnotations: Record<string, string>
}

/** The first version of AdmissionReview that both sides know; undefined where there is none. */
export const reviewVersion = (versions: readonly string[]): string | undefined =>
  versions.find(version => KNOWN_VERSIONS.includes(version))

/** The request as the body of an AdmissionReview has it. */
export async function reviewRequest(
  request: WrittenRequest,
  form: RequestForm,
  uid: string,
): Promise<object> {
  return {
    uid,
    ...requestOf(request, form),
    object: (await request.objectIn(form)) ?? null,
    oldObject: (await request.oldObjectIn(form)) ?? null,
  }
}

/** What there is to say of a request beside its objects. */
export function requestOf(request: WrittenRequest, form: RequestForm): object {
  const { operation, attributes, subresource, name, namespace } = request
  const { user, dryRun, origin } = attributes
  return {
    kind: form.kind,
    resource: form.resource,
    ...(subresource && { subResource: subresource }),
    requestKind: request.form.kind,
    requestResource: request.form.resource,
    ...(subresource && { requestSubResource: subresource }),
    ...(name && { name }),
    ...(namespace && { namespace }),
    operation,
    userInfo: userInfoOf(user),
    dryRun,
    options: origin?.options(operation) ?? defaultOptions(request),
  }
}

/** authentication/v1 UserInfo. */
const userInfoOf = ({ name, uid, groups, extra }: WrittenRequest['attributes']['user']): object => ({
  username: name,
  ...(uid && { uid }),
  ...(groups.length > 0 && { groups }),
  ...(extra && Object.keys(extra).length > 0 && { extra }),
})

const OPTIONS: Record<string, string> = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
}

const defaultOptions = ({ operation }: WrittenRequest): object | null => {
  const kind = OPTIONS[operation]
  return kind ? { kind, apiVersion: 'meta.k8s.io/v1' } : null
}

/** Fields of a response that is no AdmissionResponse; the message is what upstream's decoder says. */
export class DecodeError extends Error {
  readonly code = 'WEBHOOK_DECODE'
}

const isStrings = (value: unknown): boolean =>
  Array.isArray(value) && value.every(item => typeof item === 'string')

/** Types of the fields, in Go's words. */
const FIELDS: Record<string, [type: string, isFine: (value: unknown) => boolean]> = {
  uid: ['types.UID', value => typeof value === 'string'],
  allowed: ['bool', value => typeof value === 'boolean'],
  status: ['v1.Status', isMap],
  patch: ['[]uint8', value => typeof value === 'string'],
  patchType: ['v1.PatchType', value => typeof value === 'string'],
  auditAnnotations: ['map[string]string', value => isMap(value) && isStrings(Object.values(value))],
  warnings: ['[]string', isStrings],
}

/** @throws DecodeError */
function checkFields(response: Record<string, unknown>): void {
  for (const [field, [type, isFine]] of Object.entries(FIELDS)) {
    const value = response[field]
    if (value === undefined || value === null || isFine(value)) continue
    const given = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
    throw new DecodeError(
      `json: cannot unmarshal ${given} into Go struct field AdmissionResponse.response.${field} of type ${type}`,
    )
  }
}

/** A review in an answer that is not as it has to be. */
export class ReviewError extends Error {
  readonly code = 'WEBHOOK_REVIEW'
}

/** Reads an answered review. @throws ReviewError, DecodeError */
export function readVerdict(review: unknown, version: string, uid: string, isMutating: boolean): Verdict {
  const { response, ...envelope } = isMap(review) ? review : ({} as Record<string, unknown>)
  const [apiVersion, kind] = [envelope.apiVersion, envelope.kind].map(text => String(text ?? '')) as [
    string,
    string,
  ]
  if (!isMap(response)) throw new ReviewError('webhook response was absent')
  checkFields(response)
  const answer = response as Record<string, any>
  if (version === 'v1') {
    if (answer.uid !== uid) {
      throw new ReviewError(
        `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(answer.uid ?? '')}`,
      )
    }
    if (apiVersion !== `${GROUP}/v1` || kind !== 'AdmissionReview') {
      const got = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`
      throw new ReviewError(
        `expected webhook response of ${GROUP}/v1, Kind=AdmissionReview, got ${got}, Kind=${kind}`,
      )
    }
    checkPatch(answer, isMutating)
  }
  return {
    allowed: answer.allowed === true,
    result: isMap(answer.status) ? (answer.status as Partial<Status>) : undefined,
    patch: isMutating && answer.patch ? decodePatch(answer.patch) : undefined,
    warnings: answer.warnings ?? [],
    auditAnnotations: answer.auditAnnotations ?? {},
  }
}

function checkPatch({ patch, patchType }: Record<string, any>, isMutating: boolean): void {
  if (!isMutating) {
    if (patch) throw new ReviewError('validating webhook may not return response.patch')
    if (patchType != null) throw new ReviewError('validating webhook may not return response.patchType')
    return
  }
  if (patch && patchType == null) {
    throw new ReviewError('webhook returned response.patch but not response.patchType')
  }
  if (!patch && patchType != null) {
    throw new ReviewError('webhook returned response.patchType but not response.patch')
  }
  if (patchType === '') throw new ReviewError('webhook returned invalid response.patchType of ""')
  if (patch && patchType !== 'JSONPatch') {
    throw new ReviewError(`unsupported patch type ${JSON.stringify(patchType)}`)
  }
}

/** The patch as it came; what is no JSON is told of when it is applied. */
const decodePatch = (patch: string): string => Buffer.from(patch, 'base64').toString()
