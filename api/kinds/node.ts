import { runtimeClassColumns } from './columns/others.ts'
import { groupVersion } from './declare.ts'

const v1 = groupVersion('node.k8s.io', 'v1')

export const runtimeClasses = v1({
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  namespaced: false,
  columns: runtimeClassColumns,
})
