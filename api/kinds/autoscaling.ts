import { autoscalerColumns } from './columns/autoscaling.ts'
import { fromV2, toV2 } from './conversion/autoscaler.ts'
import { groupVersion, viewColumns } from './declare.ts'

const v1 = groupVersion('autoscaling', 'v1')
const v2 = groupVersion('autoscaling', 'v2')

const names = {
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: { status: true },
} as const

export const horizontalPodAutoscalers = v2({ ...names, columns: autoscalerColumns })

export const horizontalPodAutoscalersV1 = v1({
  ...names,
  columns: viewColumns(autoscalerColumns, toV2),
  storedAs: { kind: horizontalPodAutoscalers, toStored: toV2, fromStored: fromV2 },
})
