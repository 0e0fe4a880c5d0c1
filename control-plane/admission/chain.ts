import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'
import type { AdmissionMetrics, StepType, Times } from './metrics.ts'

/** The steps every write passes: all `mutate` in order, then, once the object is valid, all `validate`. */
export interface AdmissionChain {
  mutate(attributes: AdmissionAttributes): Promise<void>
  validate(attributes: AdmissionAttributes): Promise<void>
}

/** What a plugin does in one of the two passes. */
interface Step {
  plugin: AdmissionPlugin
  run(attributes: AdmissionAttributes): Promise<void | 'again'> | void | 'again'
  times: Times | undefined
}

const MILLISECONDS = 1_000

/** A chain of plugins in the order given. What a step took before another one refuses is given back by the caller. */
export function createAdmissionChain(
  plugins: readonly AdmissionPlugin[],
  metrics?: AdmissionMetrics,
): AdmissionChain {
  const pass = (type: StepType, method: 'mutate' | 'validate') => {
    const steps = plugins
      .filter(plugin => plugin[method])
      .map(plugin => ({
        plugin,
        run: (attributes: AdmissionAttributes) => plugin[method]!(attributes),
        times: metrics?.ofPlugin(plugin.name, type),
      }))
    const times = metrics?.ofStep(type)
    return (attributes: AdmissionAttributes) => runSteps(steps, attributes, times)
  }
  return { mutate: pass('admit', 'mutate'), validate: pass('validate', 'validate') }
}

/** Runs all steps that want to see a write. The clock is read once between two of them. */
async function runSteps(
  steps: readonly Step[],
  attributes: AdmissionAttributes,
  total: Times | undefined,
): Promise<void> {
  const { operation } = attributes
  const start = performance.now()
  let before = start
  let current: Times | undefined
  try {
    for (let i = 0; i < steps.length; i++) {
      const { plugin, run, times } = steps[i]!
      if (plugin.handles && !plugin.handles(attributes)) continue
      current = times
      const result = run(attributes)
      if (result !== undefined && (await result) === 'again') i = -1
      const now = performance.now()
      times?.[operation].passed.observe((now - before) / MILLISECONDS)
      before = now
    }
    total?.[operation].passed.observe((before - start) / MILLISECONDS)
  } catch (error) {
    const now = performance.now()
    current?.[operation].rejected.observe((now - before) / MILLISECONDS)
    total?.[operation].rejected.observe((now - start) / MILLISECONDS)
    throw error
  }
}
