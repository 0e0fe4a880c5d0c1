import { storageClassColumns } from './columns/others.ts'
import { groupVersion } from './declare.ts'

const v1 = groupVersion('storage.k8s.io', 'v1')

export const storageClasses = v1({
  kind: 'StorageClass',
  plural: 'storageclasses',
  shortNames: ['sc'],
  namespaced: false,
  columns: storageClassColumns,
})

export const csiDrivers = v1({ kind: 'CSIDriver', plural: 'csidrivers', namespaced: false })

export const csiNodes = v1({ kind: 'CSINode', plural: 'csinodes', namespaced: false })

export const csiStorageCapacities = v1({ kind: 'CSIStorageCapacity', plural: 'csistoragecapacities' })

export const volumeAttachments = v1({
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  namespaced: false,
  subresources: { status: true },
})
