import { groupVersion } from './declare.ts'

const v1 = groupVersion('authorization.k8s.io', 'v1')

const review = { namespaced: false, verbs: ['create'], stored: false } as const

export const subjectAccessReviews = v1({
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  ...review,
})

export const selfSubjectAccessReviews = v1({
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  ...review,
})

export const selfSubjectRulesReviews = v1({
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  ...review,
})

export const localSubjectAccessReviews = v1({
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  ...review,
  namespaced: true,
})
