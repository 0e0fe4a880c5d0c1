import { join } from 'node:path'

const CLIENTS = join(import.meta.dirname, '../../node_modules/.cache/clients')

/** The kubectl of a version (`1.33`), as the tests' set-up (`scripts/clients.mjs`) fetched it. */
export const kubectlBinary = (version: string): string => join(CLIENTS, `kubectl-${version}`)
