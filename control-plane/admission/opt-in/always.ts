import { forbidden } from '../../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../../plugins/admission.ts'

/** Lets everything pass: what it does is done without it too. */
export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit', handles: () => false }

function deny({ kind, object, name }: AdmissionAttributes): never {
  throw forbidden(kind, object?.metadata?.name || name, 'admission control is denying all modifications')
}

/** For tests of clients: a server that can only be read. */
export const alwaysDeny: AdmissionPlugin = { name: 'AlwaysDeny', mutate: deny, validate: deny }
