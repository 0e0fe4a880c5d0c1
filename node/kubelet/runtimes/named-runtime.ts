import type { RuntimePlugin } from '../../../plugins/runtime.ts'

/** A runtime and what it is called in `containerID`: `containerd://…`. */
export interface NamedRuntime {
  name: string
  runtime: RuntimePlugin
}
