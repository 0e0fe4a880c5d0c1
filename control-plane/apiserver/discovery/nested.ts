import type { DiscoveredResource } from './resources.ts'

/** Resources with their subresources inside them. */
export function nested(resources: readonly DiscoveredResource[]): object[] {
  const main = resources.filter(({ name }) => !name.includes('/'))
  return main.map(resource => ({
    resource: resource.name,
    responseKind: responseKind(resource),
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singularName,
    verbs: resource.verbs,
    ...(resource.shortNames && { shortNames: resource.shortNames }),
    ...(resource.categories && { categories: resource.categories }),
    ...subresourcesOf(resource, resources),
  }))
}

function subresourcesOf({ name }: DiscoveredResource, resources: readonly DiscoveredResource[]): object {
  const subresources = resources
    .filter(candidate => candidate.name.startsWith(`${name}/`))
    .map(candidate => ({
      subresource: candidate.name.slice(name.length + 1),
      responseKind: responseKind(candidate),
      verbs: candidate.verbs,
    }))
  return subresources.length > 0 ? { subresources } : {}
}

/** Where it is the group version's own, upstream leaves out which: clients take it from where the resource is. */
function responseKind({ group = '', version = '', kind }: DiscoveredResource): object {
  return { group, version, kind }
}
