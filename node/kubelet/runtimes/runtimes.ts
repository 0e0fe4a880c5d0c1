import type { RuntimePlugin } from '../../../plugins/runtime.ts'
import { combineRuntimes } from './combined.ts'
import type { NamedRuntime } from './named-runtime.ts'

/** The runtimes of a node. RuntimeClasses choose among them by their handler. */
export interface Runtimes {
  /** All of them as one: each call goes where its object is. */
  combined: RuntimePlugin
  all: readonly NamedRuntime[]
  /** The runtime that runs Pods of a handler, for what is asked of it before they run (images). */
  forHandler(handler: string): RuntimePlugin
  /** The name of the runtime a container or sandbox is in. */
  nameOf(id: string): string
}

/** `main` runs Pods without a RuntimeClass, and those whose handler is none of the others: it may know it itself. */
export function createRuntimes(main: NamedRuntime, others: Readonly<Record<string, NamedRuntime>>): Runtimes {
  const all = [main, ...Object.values(others)]
  if (all.length === 1) {
    return { combined: main.runtime, all, forHandler: () => main.runtime, nameOf: () => main.name }
  }
  const { runtime, placeOf } = combineRuntimes(main, others)
  return {
    combined: runtime,
    all,
    forHandler: handler => (others[handler] ?? main).runtime,
    nameOf: id => placeOf(id).name,
  }
}
