type Cel = typeof import('./index.ts')

let loaded: Cel | undefined

/** Loads the language and its functions: most servers never see a rule. */
export async function loadCel(): Promise<void> {
  loaded ??= await import('./index.ts')
}

/** The language, which must have been loaded. */
export function cel(): Cel {
  if (!loaded) throw new Error('CEL is used before it was loaded')
  return loaded
}

const WORD = '"x-kubernetes-validations"'

/** Whether rules in CEL are anywhere in what a schema is in. */
export const mentionsRules = (schema: unknown): boolean => JSON.stringify(schema)?.includes(WORD) ?? false
