import { NAMED } from './usage.ts'

const POD_AMOUNTS = ['cpu', 'memory', 'ephemeral-storage']
const POD_NAMES = new Set([
  'pods',
  ...POD_AMOUNTS,
  ...POD_AMOUNTS.flatMap(name => [`requests.${name}`, `limits.${name}`]),
])
const SERVICE_NAMES = new Set(['services.nodeports', 'services.loadbalancers'])
const CLAIM_NAMES = ['persistentvolumeclaims', 'requests.storage']

/** Names of a quota that one kind of object takes of. `type` is its resource name. */
export function boundsOf(type: string, names: readonly string[]): string[] {
  const own = OWN[type] ?? (() => false)
  return names.filter(name => name === `count/${type}` || (name === type && NAMED.has(type)) || own(name))
}

const OWN: Record<string, (name: string) => boolean> = {
  pods: name =>
    POD_NAMES.has(name) ||
    name.startsWith('hugepages-') ||
    name.startsWith('requests.hugepages-') ||
    // Devices and the like.
    (name.startsWith('requests.') && name.includes('/') && !name.includes('kubernetes.io/')),
  services: name => SERVICE_NAMES.has(name),
  persistentvolumeclaims: name =>
    CLAIM_NAMES.some(each => name === each || name.endsWith(`.storageclass.storage.k8s.io/${each}`)),
}
