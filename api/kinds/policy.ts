import { pdbColumns } from './columns/policy.ts'
import { groupVersion } from './declare.ts'
import type { PodDisruptionBudget } from './types.ts'

const v1 = groupVersion('policy', 'v1')

export const podDisruptionBudgets = v1<PodDisruptionBudget>({
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  columns: pdbColumns,
  subresources: { status: true },
})
