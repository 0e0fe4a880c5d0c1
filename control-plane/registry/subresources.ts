import { reviewAccess, reviewLocalAccess, reviewSelfAccess } from './subresources/access-reviews.ts'
import { bindPod } from './subresources/binding.ts'
import { evictPod } from './subresources/eviction.ts'
import type { SubresourceHandler } from './subresources/handler.ts'
import { reviewRules, reviewSelf, reviewToken } from './subresources/reviews.ts'
import { requestToken } from './subresources/token-request.ts'

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
