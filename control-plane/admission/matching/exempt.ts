import type { AdmissionAttributes } from '../../../plugins/admission.ts'

const GROUP = 'admissionregistration.k8s.io'

/** Configurations of admission itself are never subject to it: what is broken must be mendable. */
export const isExempt = ({ kind }: Pick<AdmissionAttributes, 'kind'>): boolean => kind.group === GROUP

const REVIEWS = ['authentication.k8s.io', 'authorization.k8s.io']

/** Questions about identities and rights, which a cluster cannot do without: policies do not see them, webhooks do. */
export const isReview = ({ kind }: Pick<AdmissionAttributes, 'kind'>): boolean => REVIEWS.includes(kind.group)
