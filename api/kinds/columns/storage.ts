import type { Column } from '../kind.ts'
import { AGE, column, NAME } from './common.ts'

export const storageClassColumns: readonly Column<any>[] = [
  {
    ...NAME,
    value: ({ metadata }) =>
      metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
        ? `${metadata.name} (default)`
        : metadata.name,
  },
  column('Provisioner', '.provisioner'),
  column('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
  column('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate'),
  column('AllowVolumeExpansion', ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
  AGE,
]

export const volumeAttributesClassColumns: readonly Column<any>[] = [
  NAME,
  column('DriverName', '.driverName'),
  AGE,
]

export const csiNodeColumns: readonly Column<any>[] = [
  NAME,
  column('Drivers', ({ spec }) => (spec.drivers ?? []).length, 'integer'),
  AGE,
]

const flag = (name: string, field: string, absent = false): Column<any> =>
  column(name, ({ spec }) => spec[field] ?? absent, 'boolean')

export const csiDriverColumns: readonly Column<any>[] = [
  NAME,
  flag('AttachRequired', 'attachRequired', true),
  flag('PodInfoOnMount', 'podInfoOnMount'),
  flag('StorageCapacity', 'storageCapacity'),
  column('TokenRequests', ({ spec }) =>
    spec.tokenRequests
      ? spec.tokenRequests.map(({ audience }: { audience: string }) => audience).join(',')
      : '<unset>',
  ),
  flag('RequiresRepublish', 'requiresRepublish'),
  column('Modes', ({ spec }) => (spec.volumeLifecycleModes ?? []).join(',') || '<none>'),
  AGE,
]

export const csiStorageCapacityColumns: readonly Column<any>[] = [
  NAME,
  column('StorageClassName', '.storageClassName'),
  column('Capacity', ({ capacity }) => capacity ?? '<unset>'),
]

export const volumeAttachmentColumns: readonly Column<any>[] = [
  NAME,
  { ...column<any>('Attacher', '.spec.attacher'), format: 'name' },
  column('PV', ({ spec }) => spec.source.persistentVolumeName ?? ''),
  column('Node', '.spec.nodeName'),
  column('Attached', ({ status }) => status?.attached ?? false, 'boolean'),
  AGE,
]
