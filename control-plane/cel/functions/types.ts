import type { Environment } from '@marcbachmann/cel-js'

/** Adds functions to an environment. */
export type Register = (environment: Environment) => void

/** Functions by their signatures. */
export function addAll(
  environment: Environment,
  functions: Record<string, (...args: any[]) => unknown>,
): void {
  for (const [signature, handler] of Object.entries(functions))
    environment.registerFunction(signature, handler as never, { async: false } as never)
}

/** A type of values that are instances of a class, compared by `isSame`. */
export function addType<T extends object>(
  environment: Environment,
  name: string,
  ctor: new (...args: any[]) => T,
  isSame: (a: T, b: T) => boolean,
): void {
  environment.registerType(name, { ctor, fields: {} } as never)
  environment.registerOperator(`${name} == ${name}`, isSame as never)
}

/** A name with functions of its own (`ip.isCanonical`). */
export function addNamespace(
  environment: Environment,
  name: string,
  functions: Record<string, (...args: any[]) => unknown>,
): void {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Namespace`
  const Namespace = { [type]: class {} }[type]!
  environment.registerType(type, Namespace as never)
  environment.registerConstant(name, type, new Namespace() as never)
  for (const [signature, handler] of Object.entries(functions))
    environment.registerFunction(`${type}.${signature}`, ((_: unknown, ...args: unknown[]) =>
      handler(...args)) as never)
}
