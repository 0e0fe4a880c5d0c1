import { type FieldError, forbiddenField, invalid } from '../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'
import type { NamespaceFinder } from './matching/selection.ts'

const LABEL = 'resource.kubernetes.io/admin-access'
const REFUSED = `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`

/** Where a write asks for access to devices that others use; '' where it does not. */
function placeOf({ kind, subresource, object, oldObject }: AdmissionAttributes): string {
  const { spec, status } = object as any
  if (subresource === 'status') {
    const resultsOf = (own: any): any[] => own?.allocation?.devices?.results ?? []
    const at = (own: any): number => resultsOf(own).findIndex(({ adminAccess }) => adminAccess)
    const isGranted = at((oldObject as any)?.status) >= 0
    return isGranted || at(status) < 0 ? '' : `status.allocation.devices.results[${at(status)}].adminAccess`
  }
  if (subresource !== '' || oldObject) return ''
  const { devices } = (kind.plural === 'resourceclaims' ? spec : spec?.spec) ?? {}
  const i = (devices?.requests ?? []).findIndex(({ exactly }: any) => exactly?.adminAccess)
  return i < 0 ? '' : `spec.devices.requests[${i}].adminAccess`
}

/** Devices are had beside others only in namespaces that an administrator has marked for it (KEP-5018). */
export function deviceAdminAccess(finder: NamespaceFinder): AdmissionPlugin {
  return {
    name: 'DeviceAdminAccess',
    handles: ({ kind, operation }) =>
      kind.group === 'resource.k8s.io' &&
      (kind.plural === 'resourceclaims' || kind.plural === 'resourceclaimtemplates') &&
      (operation === 'CREATE' || operation === 'UPDATE'),
    async validate(attributes) {
      const place = placeOf(attributes)
      if (!place) return
      const { metadata } = await finder.find(attributes.namespace!)
      if (metadata.labels?.[LABEL] === 'true') return
      const faults: FieldError[] = [forbiddenField(place, REFUSED)]
      throw invalid(attributes.kind, attributes.object!.metadata.name, faults)
    },
  }
}
