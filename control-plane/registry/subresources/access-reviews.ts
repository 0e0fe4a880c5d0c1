import type { ApiObject } from '../../../api/meta/object.ts'
import { badRequest, type FieldError, invalid, invalidValue } from '../../../api/meta/status.ts'
import type { AuthorizationAttributes, UserInfo } from '../../auth/types.ts'
import type { SubresourceHandler, SubresourceRequest } from './handler.ts'

interface FieldSelectorAttributes {
  rawSelector?: string
  requirements?: { key: string; operator: string; values?: string[] }[]
}

interface ResourceAttributes {
  namespace?: string
  verb?: string
  group?: string
  version?: string
  resource?: string
  subresource?: string
  name?: string
  fieldSelector?: FieldSelectorAttributes
}

interface AccessSpec {
  resourceAttributes?: ResourceAttributes
  nonResourceAttributes?: { path?: string; verb?: string }
  user?: string
  groups?: string[]
  uid?: string
  extra?: Record<string, string[]>
}

const GROUP = 'authorization.k8s.io'
const EITHER = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'

/** May somebody do something? (authorization/v1 SubjectAccessReview) */
export const reviewAccess: SubresourceHandler = request => {
  check(request, [...validateQuestion(specOf(request)), ...validateSubject(specOf(request))])
  return answer(request, userOf(specOf(request)))
}

/** The same within a namespace. */
export const reviewLocalAccess: SubresourceHandler = request => {
  const spec = specOf(request)
  check(request, [...validateQuestion(spec), ...validateSubject(spec), ...validateLocal(spec)])
  if (spec.resourceAttributes?.namespace !== request.namespace) {
    throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${request.namespace}`)
  }
  return answer(request, userOf(spec))
}

/** May I? */
export const reviewSelfAccess: SubresourceHandler = request => {
  check(request, validateQuestion(specOf(request)))
  return answer(request, request.user)
}

const specOf = ({ object }: SubresourceRequest): AccessSpec => object.spec ?? {}

function check({ kind }: SubresourceRequest, errors: FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: GROUP, kind: kind.kind }, '', errors)
}

function validateQuestion({ resourceAttributes, nonResourceAttributes }: AccessSpec): FieldError[] {
  if (resourceAttributes && nonResourceAttributes) {
    const detail = 'cannot be specified in combination with resourceAttributes'
    return [invalidValue('spec.nonResourceAttributes', nonResourceAttributes, detail)]
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    return [invalidValue('spec.resourceAttributes', null, EITHER)]
  }
  return []
}

function validateSubject({ user = '', groups = [] }: AccessSpec): FieldError[] {
  if (user || groups.length > 0) return []
  return [invalidValue('spec.user', user, 'at least one of user or group must be specified')]
}

function validateLocal({ nonResourceAttributes }: AccessSpec): FieldError[] {
  if (!nonResourceAttributes) return []
  const detail = 'disallowed on this kind of request'
  return [invalidValue('spec.nonResourceAttributes', nonResourceAttributes, detail)]
}

async function answer({ object, authorizer }: SubresourceRequest, user: UserInfo): Promise<ApiObject> {
  const { allowed, reason } = await authorizer.authorize(toAttributes(user, object.spec ?? {}))
  const status = {
    allowed: allowed === 'allow',
    ...(allowed === 'deny' && { denied: true }),
    ...(reason && { reason }),
  }
  return { ...object, metadata: object.metadata ?? {}, status }
}

const userOf = ({ user = '', groups = [], uid, extra }: AccessSpec): UserInfo => ({
  name: user,
  groups,
  ...(uid && { uid }),
  ...(extra && { extra }),
})

function toAttributes(
  user: UserInfo,
  { resourceAttributes, nonResourceAttributes }: AccessSpec,
): AuthorizationAttributes {
  if (nonResourceAttributes) {
    const { verb = '', path = '' } = nonResourceAttributes
    return { user, verb, isResourceRequest: false, path }
  }
  const { verb = '', group = '', version = '', resource = '', ...rest } = resourceAttributes ?? {}
  const { subresource, namespace, name } = rest
  const fieldSelector = selectorText(rest.fieldSelector)
  return {
    user,
    verb,
    isResourceRequest: true,
    apiGroup: group,
    apiVersion: version,
    resource,
    ...(subresource && { subresource }),
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(fieldSelector && { fieldSelector }),
  }
}

/** Requirements of one value as a field selector; others narrow nothing down. */
function selectorText({ rawSelector, requirements = [] }: FieldSelectorAttributes = {}): string {
  if (rawSelector) return rawSelector
  return requirements
    .filter(({ operator, values }) => operator === 'In' && values?.length === 1)
    .map(({ key, values }) => `${key}=${values![0]!.replace(/[\\,=]/g, '\\$&')}`)
    .join(',')
}
