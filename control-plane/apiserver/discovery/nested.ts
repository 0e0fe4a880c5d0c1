import type { DiscoveredResource } from './resources.ts'

/** Resources with their subresources inside them. */
export function nested(resources: readonly DiscoveredResource[], group: string, version: string): object[] {
  const main = resources.filter(({ name }) => !name.includes('/'))
  return main.map(resource => ({
    resource: resource.name,
    responseKind: responseKind(resource, group, version),
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singularName,
    verbs: resource.verbs,
    ...(resource.shortNames && { shortNames: resource.shortNames }),
    ...(resource.categories && { categories: resource.categories }),
    ...subresourcesOf(resource, resources, group, version),
  }))
}

function subresourcesOf(
  { name }: DiscoveredResource,
  resources: readonly DiscoveredResource[],
  group: string,
  version: string,
): object {
  const subresources = resources
    .filter(candidate => candidate.name.startsWith(`${name}/`))
    .map(candidate => ({
      subresource: candidate.name.slice(name.length + 1),
      responseKind: responseKind(candidate, group, version),
      verbs: candidate.verbs,
    }))
  return subresources.length > 0 ? { subresources } : {}
}

function responseKind(resource: DiscoveredResource, group: string, version: string): object {
  return { group: resource.group ?? group, version: resource.version ?? version, kind: resource.kind }
}
