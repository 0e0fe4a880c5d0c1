import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import type { Core } from './core.ts'

/** What to do about fields a kind does not have. */
export interface FieldOptions {
  validation: 'Ignore' | 'Warn' | 'Strict'
  warn(message: string): void
  /** The JSON text, to be looked through for duplicate fields. */
  body: Buffer | undefined
}

/**
 * Checks an object's fields against the schema of its kind: unknown ones are dropped, and named in a warning or an error
 * as the client asked for.
 * @throws StatusError 400
 */
export function checkFields(
  core: Core,
  kind: KindDeclaration,
  object: ApiObject,
  options: FieldOptions,
): void {
  core.checkFields?.(kind, object, options)
}
