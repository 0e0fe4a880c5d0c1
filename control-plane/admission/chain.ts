import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'

/** The steps every write passes: all `mutate` in order, then, once the object is valid, all `validate`. */
export interface AdmissionChain {
  mutate(attributes: AdmissionAttributes): Promise<void>
  validate(attributes: AdmissionAttributes): Promise<void>
}

/** A chain of plugins in the order given. What a step took before another one refuses is given back by the caller. */
export function createAdmissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  const mutating = plugins.filter(plugin => plugin.mutate)
  const validating = plugins.filter(plugin => plugin.validate)
  return {
    async mutate(attributes) {
      for (let i = 0; i < mutating.length; i++) {
        const plugin = mutating[i]!
        if (!(plugin.handles?.(attributes) ?? true)) continue
        const done = plugin.mutate!(attributes)
        if ((done instanceof Promise ? await done : done) === 'again') i = -1
      }
    },
    async validate(attributes) {
      for (const plugin of validating) {
        if (!(plugin.handles?.(attributes) ?? true)) continue
        const done = plugin.validate!(attributes)
        if (done instanceof Promise) await done
      }
    },
  }
}
