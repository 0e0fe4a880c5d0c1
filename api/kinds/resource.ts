import { deviceColumns, resourceClaimColumns, resourceSliceColumns } from './columns/resource.ts'
import { groupVersion } from './declare.ts'

const v1 = groupVersion('resource.k8s.io', 'v1')

export const deviceClasses = v1({
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  storageVersion: 'v1beta2',
  namespaced: false,
  columns: deviceColumns,
})

export const resourceClaims = v1({
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  storageVersion: 'v1beta2',
  columns: resourceClaimColumns,
  subresources: { status: true },
})

export const resourceClaimTemplates = v1({
  kind: 'ResourceClaimTemplate',
  plural: 'resourceclaimtemplates',
  storageVersion: 'v1beta2',
  columns: deviceColumns,
})

export const resourceSlices = v1({
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  storageVersion: 'v1beta2',
  namespaced: false,
  columns: resourceSliceColumns,
  fieldSelectors: {
    'spec.nodeName': slice => slice.spec?.nodeName ?? '',
    'spec.driver': slice => slice.spec?.driver ?? '',
  },
})
