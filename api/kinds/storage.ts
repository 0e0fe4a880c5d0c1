import * as columns from './columns/storage.ts'
import { groupVersion } from './declare.ts'

const v1 = groupVersion('storage.k8s.io', 'v1')

export const storageClasses = v1({
  kind: 'StorageClass',
  plural: 'storageclasses',
  shortNames: ['sc'],
  namespaced: false,
  columns: columns.storageClassColumns,
})

export const csiDrivers = v1({
  kind: 'CSIDriver',
  plural: 'csidrivers',
  namespaced: false,
  columns: columns.csiDriverColumns,
})

export const csiNodes = v1({
  kind: 'CSINode',
  plural: 'csinodes',
  namespaced: false,
  columns: columns.csiNodeColumns,
})

export const csiStorageCapacities = v1({
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  columns: columns.csiStorageCapacityColumns,
})

export const volumeAttributesClasses = v1({
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  shortNames: ['vac'],
  storageVersion: 'v1beta1',
  namespaced: false,
  columns: columns.volumeAttributesClassColumns,
})

export const volumeAttachments = v1({
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  namespaced: false,
  columns: columns.volumeAttachmentColumns,
  subresources: { status: true },
})
