import type { Environment, Overloads } from '../language/environment.ts'
import type { Type } from '../language/types.ts'

/** Adds functions to an environment. */
export type Register = (environment: Environment) => void

/** Functions by name, each by its overloads. */
export function addAll(environment: Environment, functions: Record<string, Overloads>): void {
  for (const [name, overloads] of Object.entries(functions)) environment.registerFunction(name, overloads)
}

/** A type that functions give and take; its values have no fields. */
export function addType(environment: Environment, type: Type): void {
  environment.registerTypeName(type)
}
