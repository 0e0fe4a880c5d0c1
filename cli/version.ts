import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

/** What this is and which Kubernetes it behaves as. */
export const version = { skiff: manifest.version as string, kubernetes: 'v1.34' }
