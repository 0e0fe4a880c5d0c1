import { endpointSliceColumns } from './columns/others.ts'
import { groupVersion } from './declare.ts'
import type { EndpointSlice } from './types.ts'

const v1 = groupVersion('discovery.k8s.io', 'v1')

export const endpointSlices = v1<EndpointSlice>({
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  columns: endpointSliceColumns,
})
