import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'

type Hook = () => Promise<void> | void

/** What a write carries through admission, and what must happen when it is known how the write went. */
export interface AdmissionRun {
  /** The write is stored. */
  succeeded(): Promise<void>
  /** The write failed: what admission took is given back. */
  failed(): Promise<void>
}

export interface AdmissionChain {
  /** Runs all mutating steps; a refusal throws after what was taken is given back. */
  mutate(
    attributes: Omit<AdmissionAttributes, 'onFailure' | 'onSuccess'>,
  ): Promise<AdmissionRun & { validate(): Promise<void> }>
  readonly isEmpty: boolean
}

/** Calls plugins in their order: every `mutate`, then (after validation of the object) every `validate`. */
export function createAdmissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  return {
    isEmpty: plugins.length === 0,
    async mutate(given) {
      const undo: Hook[] = []
      const done: Hook[] = []
      const attributes: AdmissionAttributes = {
        ...given,
        onFailure: hook => void undo.push(hook),
        onSuccess: hook => void done.push(hook),
      }
      const wanted = plugins.filter(plugin => plugin.handles?.(attributes) ?? true)
      const failed = async (): Promise<void> => {
        for (const hook of undo.splice(0).reverse()) await hook()
      }
      const guard = async (step: () => Promise<void> | void): Promise<void> => {
        try {
          await step()
        } catch (error) {
          await failed()
          throw error
        }
      }
      for (const plugin of wanted) if (plugin.mutate) await guard(() => plugin.mutate!(attributes))
      return {
        failed,
        async validate() {
          for (const plugin of wanted) if (plugin.validate) await guard(() => plugin.validate!(attributes))
        },
        async succeeded() {
          for (const hook of done.splice(0)) await hook()
        },
      }
    },
  }
}
