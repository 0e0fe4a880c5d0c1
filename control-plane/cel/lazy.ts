import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** The language and its functions, loaded when the first rule is compiled: most servers never see one. */
export const cel = (): typeof import('./rules.ts') => require('./rules.ts')
