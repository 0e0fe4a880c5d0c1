import type { ApiObject } from '../../../api/meta/object.ts'
import { parseFieldSelector, parseLabelSelector } from '../../../api/meta/selectors.ts'
import { type FieldError, invalid, invalidValue, required } from '../../../api/meta/status.ts'
import type { AuthorizationAttributes, UserInfo } from '../../auth/types.ts'
import type { SubresourceHandler, SubresourceRequest } from './handler.ts'

interface SelectorAttributes {
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
  fieldSelector?: SelectorAttributes
  labelSelector?: SelectorAttributes
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
  check([...validateQuestion(specOf(request)), ...validateSubject(specOf(request))])
  return answer(request, userOf(specOf(request)))
}

/** The same within a namespace. */
export const reviewLocalAccess: SubresourceHandler = request => {
  const spec = specOf(request)
  check([...validateQuestion(spec), ...validateSubject(spec), ...validateLocal(spec, request.namespace)])
  return answer(request, userOf(spec))
}

/** May I? */
export const reviewSelfAccess: SubresourceHandler = request => {
  check(validateQuestion(specOf(request)))
  return answer(request, request.user)
}

const specOf = ({ object }: SubresourceRequest): AccessSpec => object.spec ?? {}

/** Upstream names no kind here. */
function check(errors: FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: GROUP, kind: '' }, '', errors)
}

function validateQuestion({ resourceAttributes, nonResourceAttributes }: AccessSpec): FieldError[] {
  if (resourceAttributes && nonResourceAttributes) {
    const detail = 'cannot be specified in combination with resourceAttributes'
    return [invalidValue('spec.nonResourceAttributes', shown(nonResourceAttributes), detail)]
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    return [invalidValue('spec.resourceAttributes', null, EITHER)]
  }
  return [
    ...validateSelector('fieldSelector', resourceAttributes?.fieldSelector),
    ...validateSelector('labelSelector', resourceAttributes?.labelSelector),
  ]
}

/** Upstream shows its own form, whose fields have no other names. */
const shown = ({ path = '', verb = '' }: Record<string, string>) => ({ Path: path, Verb: verb })

function validateSelector(name: string, selector: SelectorAttributes | undefined): FieldError[] {
  if (!selector) return []
  const { rawSelector, requirements = [] } = selector
  const path = `spec.resourceAttributes.${name}`
  if (rawSelector && requirements.length > 0) {
    const detail = 'may not specified at the same time as requirements'
    return [invalidValue(`${path}.rawSelector`, rawSelector, detail)]
  }
  if (rawSelector || requirements.length > 0) return []
  const detail = `when ${path} is specified, requirements or rawSelector is required`
  return [required(`${path}.requirements`, detail)]
}

function validateSubject({ user = '', groups = [] }: AccessSpec): FieldError[] {
  if (user || groups.length > 0) return []
  return [invalidValue('spec.user', user, 'at least one of user or group must be specified')]
}

function validateLocal(
  { resourceAttributes, nonResourceAttributes }: AccessSpec,
  home: string | undefined,
): FieldError[] {
  const { namespace = '' } = resourceAttributes ?? {}
  if (resourceAttributes && namespace !== home) {
    return [invalidValue('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace')]
  }
  if (!nonResourceAttributes) return []
  const detail = 'disallowed on this kind of request'
  return [invalidValue('spec.nonResourceAttributes', shown(nonResourceAttributes), detail)]
}

async function answer({ object, authorizer }: SubresourceRequest, user: UserInfo): Promise<ApiObject> {
  const { allowed, reason } = await authorizer.authorize(toAttributes(user, object.spec ?? {}))
  const evaluationError = unreadSelectors(object.spec?.resourceAttributes)
  const status = {
    allowed: allowed === 'allow',
    ...(allowed === 'deny' && { denied: true }),
    ...(reason && { reason }),
    ...(evaluationError && { evaluationError }),
  }
  return { ...object, metadata: object.metadata ?? {}, status }
}

/** What is said of selectors that cannot be read: they narrow nothing down. */
function unreadSelectors({ fieldSelector, labelSelector }: ResourceAttributes = {}): string {
  const faults = [
    isUnread(parseFieldSelector, fieldSelector) && 'fieldSelector',
    isUnread(parseLabelSelector, labelSelector) && 'labelSelector',
  ]
  return faults
    .filter(Boolean)
    .map(name => `spec.resourceAttributes.${name} ignored due to parse error`)
    .join('; ')
}

function isUnread(parse: (text: string) => unknown, { rawSelector }: SelectorAttributes = {}): boolean {
  if (!rawSelector) return false
  try {
    parse(rawSelector)
    return false
  } catch {
    return true
  }
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
function selectorText({ rawSelector, requirements = [] }: SelectorAttributes = {}): string {
  if (rawSelector) return rawSelector
  return requirements
    .filter(({ operator, values }) => operator === 'In' && values?.length === 1)
    .map(({ key, values }) => `${key}=${values![0]!.replace(/[\\,=]/g, '\\$&')}`)
    .join(',')
}
