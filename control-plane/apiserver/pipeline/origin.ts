import type { AdmissionAttributes, RequestOrigin } from '../../../plugins/admission.ts'
import type { RequestState } from './state.ts'
import { requestTimeout } from './timeouts.ts'

const API_VERSION = 'meta.k8s.io/v1'

/** The request behind a write, for who asks. */
export class HttpOrigin implements RequestOrigin {
  #state: RequestState
  #deleteOptions: Record<string, unknown> | undefined
  #end: number | undefined

  constructor(state: RequestState, deleteOptions?: Record<string, unknown>) {
    this.#state = state
    this.#deleteOptions = deleteOptions
  }

  options(operation: AdmissionAttributes['operation']): object | undefined {
    if (operation === 'CONNECT') return undefined
    const type =
      operation === 'DELETE' ? 'DeleteOptions' : operation === 'CREATE' ? 'CreateOptions' : 'UpdateOptions'
    const given = operation === 'DELETE' ? this.#optionsOfDelete() : this.#optionsOfWrite()
    return { ...given, kind: type, apiVersion: API_VERSION }
  }

  remaining(): number {
    this.#end ??= performance.now() + requestTimeout(this.#state.info)
    return Math.max(0, this.#end - performance.now())
  }

  /** The first to say something under a key is heard. */
  annotate(key: string, value: string, isDetail = false): void {
    if (isDetail && !this.#state.capture) return
    this.#state.annotations ??= {}
    this.#state.annotations[key] ??= value
  }

  #optionsOfWrite(): object {
    const { query } = this.#state.info
    const dryRun = query.getAll('dryRun')
    const fieldManager = query.get('fieldManager')
    const fieldValidation = query.get('fieldValidation')
    return {
      ...(dryRun.length > 0 && { dryRun }),
      ...(fieldManager && { fieldManager }),
      ...(fieldValidation && { fieldValidation }),
    }
  }

  #optionsOfDelete(): object {
    if (this.#deleteOptions) return this.#deleteOptions
    const { query } = this.#state.info
    const dryRun = query.getAll('dryRun')
    const propagationPolicy = query.get('propagationPolicy')
    const grace = query.get('gracePeriodSeconds')
    return {
      ...(grace && { gracePeriodSeconds: Number(grace) }),
      ...(propagationPolicy && { propagationPolicy }),
      ...(dryRun.length > 0 && { dryRun }),
    }
  }
}
