import type { Client, InformerFactory } from '../../api/client/client.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import type { RequestAuthenticator } from '../auth/authenticators.ts'
import type { RuleResolver } from '../auth/rbac.ts'
import type { ServiceAccountTokens } from '../auth/service-account-tokens.ts'
import type { Authorizer, UserInfo } from '../auth/types.ts'
import { reviewAccess, reviewLocalAccess, reviewSelfAccess } from './subresources/access-reviews.ts'
import { bindPod } from './subresources/binding.ts'
import { evictPod } from './subresources/eviction.ts'
import { reviewRules, reviewSelf, reviewToken } from './subresources/reviews.ts'
import { requestToken } from './subresources/token-request.ts'

/** A create on a subresource, or on a kind that is answered and not stored. */
export interface SubresourceRequest {
  kind: KindDeclaration
  name: string
  namespace: string | undefined
  object: ApiObject
  user: UserInfo
  dryRun: boolean
  /** The loopback. */
  client: Client
  informers: InformerFactory
  authorizer: Authorizer
  rules: RuleResolver
  tokens: ServiceAccountTokens
  authenticator: RequestAuthenticator
  now: Date
}

export type SubresourceHandler = (request: SubresourceRequest) => Promise<ApiObject>

/** By `plural/subresource`. */
export const subresourceHandlers: Record<string, SubresourceHandler> = {
  'pods/binding': bindPod,
  'pods/eviction': evictPod,
  'serviceaccounts/token': requestToken,
}

/** By resource name, for kinds with `stored: false`. */
export const reviewHandlers: Record<string, SubresourceHandler> = {
  bindings: bindPod,
  'subjectaccessreviews.authorization.k8s.io': reviewAccess,
  'localsubjectaccessreviews.authorization.k8s.io': reviewLocalAccess,
  'selfsubjectaccessreviews.authorization.k8s.io': reviewSelfAccess,
  'selfsubjectrulesreviews.authorization.k8s.io': reviewRules,
  'tokenreviews.authentication.k8s.io': reviewToken,
  'selfsubjectreviews.authentication.k8s.io': reviewSelf,
}
