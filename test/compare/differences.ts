import { isMap } from '../../api/meta/patch/own.ts'

/** What an API server answered. */
export interface Answer {
  status: number
  body: unknown
}

/** What no two servers have in common. */
const OWN = new Set([
  'clusterIP',
  'clusterIPs',
  'creationTimestamp',
  'deletionTimestamp',
  'healthCheckNodePort',
  'lastTransitionTime',
  'nodePort',
  'resourceVersion',
  'serverAddress',
  'startTime',
  'time',
  'uid',
])

/** How two answers differ, a line for each path: status, then the bodies' values. Order of keys does not count. */
export function differences(one: Answer, other: Answer): string[] {
  const [left, right] = [leaves(one.body), leaves(other.body)]
  const paths = [...new Set([...left.keys(), ...right.keys()])]
  const status = one.status === other.status ? [] : [`status: ${one.status} · ${other.status}`]
  return [
    ...status,
    ...paths
      .filter(path => left.get(path) !== right.get(path))
      .map(path => `${path}: ${left.get(path) ?? 'nothing'} · ${right.get(path) ?? 'nothing'}`),
  ]
}

/** All values by their path, as JSON; what is a server's own is told as there alone. */
function leaves(value: unknown, path = '', found = new Map<string, string>()): Map<string, string> {
  const parts = isMap(value) || Array.isArray(value) ? Object.entries(value) : []
  for (const [key, part] of parts) {
    if (OWN.has(key) && part !== null) found.set(`${path}.${key}`, 'some')
    else leaves(part, `${path}.${masked(key)}`, found)
  }
  if (parts.length === 0) found.set(path, masked(JSON.stringify(value) ?? 'nothing'))
  return found
}

/** Without uids, and without what is made up at the end of names. */
const masked = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
    .replace(/(kube-api-access-)[bcdfghjklmnpqrstvwxz2456789]{5}/g, '$1…')
