import type { IncomingMessage } from 'node:http'
import type { ApiObject } from '../../../api/meta/object.ts'
import { badRequest } from '../../../api/meta/status.ts'
import type { AuthorizationAttributes, UserInfo } from '../../auth/types.ts'
import type { SubresourceHandler, SubresourceRequest } from '../subresources.ts'

interface AccessSpec {
  resourceAttributes?: {
    namespace?: string
    verb?: string
    group?: string
    version?: string
    resource?: string
    subresource?: string
    name?: string
  }
  nonResourceAttributes?: { path?: string; verb?: string }
}

function toAttributes(
  user: UserInfo,
  { resourceAttributes: resource, nonResourceAttributes: path }: AccessSpec,
): AuthorizationAttributes {
  if (path) return { user, verb: path.verb ?? '', isResourceRequest: false, path: path.path ?? '' }
  if (!resource)
    throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified')
  return {
    user,
    verb: resource.verb ?? '',
    isResourceRequest: true,
    apiGroup: resource.group ?? '',
    apiVersion: resource.version ?? '',
    resource: resource.resource ?? '',
    ...(resource.subresource && { subresource: resource.subresource }),
    ...(resource.namespace && { namespace: resource.namespace }),
    ...(resource.name && { name: resource.name }),
  }
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

const userOf = ({ spec = {} }: ApiObject): UserInfo => ({
  name: spec.user ?? '',
  groups: spec.groups ?? [],
  ...(spec.uid && { uid: spec.uid }),
  ...(spec.extra && { extra: spec.extra }),
})

/** May somebody do something? (authorization/v1 SubjectAccessReview) */
export const reviewAccess: SubresourceHandler = request => answer(request, userOf(request.object))

/** The same within a namespace. */
export const reviewLocalAccess: SubresourceHandler = request => {
  const { namespace, object } = request
  if (object.spec?.resourceAttributes?.namespace !== namespace) {
    throw badRequest('spec.resourceAttributes.namespace must match metadata.namespace')
  }
  return answer(request, userOf(object))
}

/** May I? */
export const reviewSelfAccess: SubresourceHandler = request => answer(request, request.user)

/** What may I do in a namespace? */
export const reviewRules: SubresourceHandler = async ({ object, user, rules }) => {
  const all = user.groups.includes('system:masters')
    ? [
        { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
        { nonResourceURLs: ['*'], verbs: ['*'] },
      ]
    : rules.rulesFor(user, object.spec?.namespace)
  const resourceRules = all.filter(rule => rule.resources)
  const nonResourceRules = all.filter(rule => rule.nonResourceURLs)
  return {
    ...object,
    metadata: object.metadata ?? {},
    status: { resourceRules, nonResourceRules, incomplete: false },
  }
}

/** Whose token is this? (authentication/v1 TokenReview) */
export const reviewToken: SubresourceHandler = async ({ object, authenticator }) => {
  const token = object.spec?.token
  if (!token) throw badRequest('token is required for TokenReview in authentication')
  const request = { headers: { authorization: `Bearer ${token}` }, socket: {} } as unknown as IncomingMessage
  const user = await Promise.resolve(authenticator.authenticate(request)).catch(() => undefined)
  const isKnown = user && user.name !== 'system:anonymous'
  const status = isKnown
    ? { authenticated: true, user: toWire(user), audiences: object.spec.audiences ?? [] }
    : { authenticated: false, error: 'invalid bearer token' }
  return { ...object, metadata: object.metadata ?? {}, status }
}

const toWire = ({ name, uid, groups, extra }: UserInfo): object => ({
  username: name,
  ...(uid && { uid }),
  groups,
  ...(extra && { extra }),
})

/** Who am I? */
export const reviewSelf: SubresourceHandler = async ({ object, user }) => ({
  ...object,
  metadata: object.metadata ?? {},
  status: { userInfo: toWire(user) },
})
