import type { AdmissionAttributes } from '../../../plugins/admission.ts'

const GROUP = 'admissionregistration.k8s.io'

/** Configurations of admission itself are never subject to it: what is broken must be mendable. */
export const isExempt = ({ kind }: Pick<AdmissionAttributes, 'kind'>): boolean => kind.group === GROUP
