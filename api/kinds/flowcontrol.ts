import { flowSchemaColumns, priorityLevelColumns } from './columns/flowcontrol.ts'
import { groupVersion } from './declare.ts'

const v1 = groupVersion('flowcontrol.apiserver.k8s.io', 'v1')

export const flowSchemas = v1({
  kind: 'FlowSchema',
  plural: 'flowschemas',
  namespaced: false,
  columns: flowSchemaColumns,
  subresources: { status: true },
})

export const priorityLevelConfigurations = v1({
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  namespaced: false,
  columns: priorityLevelColumns,
  subresources: { status: true },
})
