import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'

/** The steps every write passes: all `mutate` in order, then, once the object is valid, all `validate`. */
export interface AdmissionChain {
  mutate(attributes: AdmissionAttributes): Promise<void>
  validate(attributes: AdmissionAttributes): Promise<void>
}

/** A chain of plugins in the order given. What a step took before another one refuses is given back by the caller. */
export function createAdmissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  const run = (step: 'mutate' | 'validate') => {
    const able = plugins.filter(plugin => plugin[step])
    return async (attributes: AdmissionAttributes): Promise<void> => {
      for (const plugin of able) {
        if (plugin.handles?.(attributes) ?? true) await plugin[step]!(attributes)
      }
    }
  }
  return { mutate: run('mutate'), validate: run('validate') }
}
