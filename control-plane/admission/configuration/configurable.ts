import type { TSchema } from 'typebox'
import type { FieldError } from '../../../api/meta/status.ts'
import type { PluginConfigurations } from '../settings.ts'

type Told = PluginConfigurations[keyof PluginConfigurations]

/** How a plugin's configuration is read. */
export interface Configurable {
  shape: TSchema
  /** `group/version Kind`; none for what never had one. */
  types: readonly string[]
  /** What is wrong with it beside its shape. */
  faults(configuration: any): readonly FieldError[]
  /** What the plugin is told. Files that are named are looked for in the folder of the first one. */
  read(configuration: any, folder: string): Told | Promise<Told>
}
