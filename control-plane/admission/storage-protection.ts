import { resourceName } from '../../api/kinds/kind.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'

/** What holds up the deletion of storage that is in use, by resource. Controllers take it away again. */
export const PROTECTION: Record<string, string> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
  'volumeattributesclasses.storage.k8s.io': 'kubernetes.io/vac-protection',
}

/** Storage that is in use is not deleted under those who use it. */
export const storageProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: ({ operation, kind, subresource }) =>
    operation === 'CREATE' && subresource === '' && resourceName(kind) in PROTECTION,
  mutate({ kind, object }) {
    const finalizer = PROTECTION[resourceName(kind)]!
    const { metadata } = object!
    if (!metadata.finalizers?.includes(finalizer)) {
      metadata.finalizers = [...(metadata.finalizers ?? []), finalizer]
    }
  },
}
