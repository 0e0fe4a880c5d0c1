import { priorityClassColumns } from './columns/others.ts'
import { groupVersion } from './declare.ts'

const v1 = groupVersion('scheduling.k8s.io', 'v1')

export const priorityClasses = v1({
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  shortNames: ['pc'],
  namespaced: false,
  columns: priorityClassColumns,
})
