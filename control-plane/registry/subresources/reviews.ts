import type { ApiObject } from '../../../api/meta/object.ts'
import { badRequest } from '../../../api/meta/status.ts'
import { toTime } from '../../../api/meta/time.ts'
import { nodeNameOf } from '../../auth/node-rules.ts'
import type { UserInfo } from '../../auth/types.ts'
import type { SubresourceHandler } from './handler.ts'

/** What may I do in a namespace? (authorization/v1 SelfSubjectRulesReview) */
export const reviewRules: SubresourceHandler = async ({ object, user, rules }) => {
  const namespace = object.spec?.namespace
  if (!namespace) throw badRequest('no namespace on request')
  const all = rules.rulesFor(user, namespace)
  // What the Node authorizer allows depends on what Pods refer to: it cannot be listed.
  const isNode = nodeNameOf(user) !== undefined
  const status = {
    resourceRules: all.filter(rule => rule.resources?.length),
    nonResourceRules: all.filter(rule => rule.nonResourceURLs?.length),
    incomplete: isNode,
    ...(isNode && { evaluationError: 'node authorizer does not support user rule resolution' }),
  }
  return { ...object, metadata: {} as ApiObject['metadata'], spec: {}, status }
}

/** Whose token is this? (authentication/v1 TokenReview) */
export const reviewToken: SubresourceHandler = async ({ object, authenticator }) => {
  const { token, audiences = [] } = object.spec ?? {}
  if (!token) throw badRequest('token is required for TokenReview in authentication')
  const identity = await authenticator.reviewToken(token, audiences.length > 0 ? audiences : undefined)
  const status = identity
    ? { authenticated: true, user: toWire(identity.user), audiences: identity.audiences }
    : { user: {}, error: 'invalid bearer token' }
  return { ...object, metadata: object.metadata ?? {}, status }
}

const toWire = ({ name, uid, groups, extra }: UserInfo): object => ({
  username: name,
  ...(uid && { uid }),
  groups,
  ...(extra && { extra }),
})

/** Who am I? (authentication/v1 SelfSubjectReview) */
export const reviewSelf: SubresourceHandler = async ({ object, user, now }) => ({
  ...object,
  metadata: { creationTimestamp: toTime(now) } as ApiObject['metadata'],
  status: { userInfo: toWire(user) },
})
