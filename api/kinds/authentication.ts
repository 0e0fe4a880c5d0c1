import { groupVersion } from './declare.ts'

const v1 = groupVersion('authentication.k8s.io', 'v1')

const review = { namespaced: false, verbs: ['create'], stored: false } as const

export const tokenReviews = v1({ kind: 'TokenReview', plural: 'tokenreviews', ...review })

export const selfSubjectReviews = v1({ kind: 'SelfSubjectReview', plural: 'selfsubjectreviews', ...review })
