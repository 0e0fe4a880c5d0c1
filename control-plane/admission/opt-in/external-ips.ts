import { resourceName } from '../../../api/kinds/kind.ts'
import type { Service } from '../../../api/kinds/types.ts'
import { forbidden } from '../../../api/meta/status.ts'
import type { AdmissionPlugin } from '../../../plugins/admission.ts'

/** Keeps Services from taking addresses that are not the cluster's to give. */
export const denyExternalIps: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  handles: ({ operation, kind, subresource }) =>
    (operation === 'CREATE' || operation === 'UPDATE') &&
    subresource === '' &&
    resourceName(kind) === 'services',
  validate({ kind, object, oldObject, name }) {
    const known = (oldObject as Service | undefined)?.spec.externalIPs ?? []
    const { externalIPs = [] } = (object as Service).spec
    if (externalIPs.every(address => known.includes(address))) return
    const why = 'Use of external IPs is denied by admission control'
    throw forbidden(kind, object!.metadata.name || name, why)
  },
}
