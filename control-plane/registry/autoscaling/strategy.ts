import { DEFAULT_CPU_UTILIZATION, withoutCarriers } from '../../../api/kinds/conversion/autoscaler.ts'
import type { ObjectMeta } from '../../../api/meta/object.ts'
import type { Strategy } from '../strategy.ts'
import { autoscalerFaults } from './validate.ts'

const PERIOD = 15

/** Policies of a direction that names none. */
const UP = [
  { type: 'Pods', value: 4, periodSeconds: PERIOD },
  { type: 'Percent', value: 100, periodSeconds: PERIOD },
]
const DOWN = [{ type: 'Percent', value: 100, periodSeconds: PERIOD }]

/** Behind HPAConfigurableTolerance, which is off in v1.34. */
function dropTolerance({ spec }: any): void {
  for (const rules of [spec.behavior?.scaleUp, spec.behavior?.scaleDown]) {
    if (rules?.tolerance !== undefined) delete rules.tolerance
  }
}

function dropCarriers(metadata: ObjectMeta): void {
  const kept = withoutCarriers(metadata.annotations)
  if (kept === metadata.annotations) return
  if (kept) metadata.annotations = kept
  else delete metadata.annotations
}

export const autoscalerStrategy: Strategy<any> = {
  hasGeneration: false,
  defaults({ metadata, spec }) {
    dropCarriers(metadata)
    spec.minReplicas ??= 1
    if (!spec.metrics?.length) {
      const target = { type: 'Utilization', averageUtilization: DEFAULT_CPU_UTILIZATION }
      spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }]
    }
    if (!spec.behavior) return
    spec.behavior.scaleUp = {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: UP,
      ...spec.behavior.scaleUp,
    }
    spec.behavior.scaleDown = { selectPolicy: 'Max', policies: DOWN, ...spec.behavior.scaleDown }
  },
  prepareForCreate: dropTolerance,
  prepareForUpdate: dropTolerance,
  validate: (autoscaler, old, { subresource }) =>
    subresource === '' ? autoscalerFaults(autoscaler, old) : [],
}
