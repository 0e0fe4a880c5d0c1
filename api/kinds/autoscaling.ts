import { autoscalerColumns } from './columns/autoscaling.ts'
import { groupVersion } from './declare.ts'

const v2 = groupVersion('autoscaling', 'v2')

export const horizontalPodAutoscalers = v2({
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  columns: autoscalerColumns,
  subresources: { status: true },
})
