import type { KindRegistry } from '../kind-registry.ts'
import { DEFAULT_LIMITS, type InflightLimits } from '../pipeline/limits.ts'
import { FlowControl } from './flow-control.ts'
import { WatchCounts } from './watch-counts.ts'
import { WorkEstimator } from './work-estimate.ts'

/**
 * Priority and fairness, with as many seats as both limits allow.
 * @throws RangeError where that is none
 */
export function createFlowControl(
  limits: Partial<InflightLimits> | undefined,
  kinds: KindRegistry,
): FlowControl {
  const { reading, mutating } = { ...DEFAULT_LIMITS, ...limits }
  if (reading + mutating <= 0) {
    const given = `MaxRequestsInFlight=${reading} and MaxMutatingRequestsInFlight=${mutating}`
    throw new RangeError(`invalid configuration: ${given}; they must add up to something positive`)
  }
  const estimator = new WorkEstimator(kinds, new WatchCounts())
  return new FlowControl({ seats: reading + mutating, estimator })
}
