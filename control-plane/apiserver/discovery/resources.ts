import { createHash } from 'node:crypto'
import { ALL_VERBS, apiVersion, type KindDeclaration, type Verb } from '../../../api/kinds/kind.ts'
import type { KindRegistry } from '../kind-registry.ts'

/** One line of discovery: a resource or a subresource (`pods/status`). */
export interface DiscoveredResource {
  name: string
  singularName: string
  namespaced: boolean
  group?: string
  version?: string
  kind: string
  verbs: string[]
  shortNames?: readonly string[]
  categories?: readonly string[]
  storageVersionHash?: string
}

/** The verbs a kind takes, in alphabetical order. */
export const verbsOf = (kind: KindDeclaration): readonly Verb[] =>
  ALL_VERBS.filter(verb => kind.verbs?.includes(verb) ?? true)

/** What can still be done with objects whose definition is being deleted. */
const TERMINATING_VERBS = ['delete', 'deletecollection', 'get', 'list', 'watch']

const STATUS_VERBS = ['get', 'patch', 'update']

/** All resources and subresources of a group version, in alphabetical order. */
export function resourcesOf(kinds: KindRegistry, group: string, version: string): DiscoveredResource[] {
  return kinds
    .inGroupVersion(group, version)
    .flatMap(({ kind }) => [mainResource(kind), ...subresources(kind)])
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function mainResource(kind: KindDeclaration): DiscoveredResource {
  return {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: kind.isTerminating?.() ? TERMINATING_VERBS : [...verbsOf(kind)],
    ...(kind.shortNames && { shortNames: kind.shortNames }),
    ...(kind.categories && { categories: kind.categories }),
    ...(kind.stored !== false && { storageVersionHash: storageVersionHash(kind.storedAs?.kind ?? kind) }),
  }
}

/** Tells clients when objects are stored in another form than before. */
function storageVersionHash({ group, version, storageVersion, kind }: KindDeclaration<any>): string {
  const hash = createHash('sha256')
    .update(`${group}/${storageVersion ?? version}/${kind}`)
    .digest()
  return hash.subarray(0, 8).toString('base64')
}

function subresources(kind: KindDeclaration): DiscoveredResource[] {
  const { status, scale, other = {} } = kind.subresources ?? {}
  const base = { singularName: '', namespaced: kind.namespaced }
  const found: DiscoveredResource[] = []
  if (status) found.push({ name: `${kind.plural}/status`, ...base, kind: kind.kind, verbs: STATUS_VERBS })
  if (scale) {
    const type = { group: 'autoscaling', version: 'v1', kind: 'Scale' }
    found.push({ name: `${kind.plural}/scale`, ...base, ...type, verbs: STATUS_VERBS })
  }
  for (const [name, { kind: spoken, group, version, verbs }] of Object.entries(other)) {
    const type = group === undefined ? {} : { group, version: version! }
    found.push({ name: `${kind.plural}/${name}`, ...base, ...type, kind: spoken, verbs: [...verbs] })
  }
  return found
}

/**
 * Versions of a group, the preferred one first: stable before beta before alpha, higher before lower, and then by name
 * those that are no Kubernetes versions.
 */
export function sortVersions(versions: readonly string[]): string[] {
  return versions.toSorted((a, b) => compareVersions(b, a))
}

const VERSION = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/
const STAGES: Record<string, number> = { alpha: 0, beta: 1 }

function compareVersions(a: string, b: string): number {
  const [left, right] = [rank(a), rank(b)]
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return left[i]! - right[i]!
  return a < b ? 1 : -1
}

function rank(version: string): number[] {
  const [, major, stage, minor] = VERSION.exec(version) ?? []
  if (!major) return [-1, 0, 0]
  return [stage ? STAGES[stage]! : 2, Number(major), Number(minor ?? 0)]
}

/** `v1` → APIResourceList, the answer of `/api/v1` and `/apis/GROUP/VERSION`. */
export function resourceList(kinds: KindRegistry, group: string, version: string): object {
  return {
    kind: 'APIResourceList',
    // That of the core group says no version of itself.
    ...(group && { apiVersion: 'v1' }),
    groupVersion: apiVersion({ group, version }),
    resources: resourcesOf(kinds, group, version),
  }
}
