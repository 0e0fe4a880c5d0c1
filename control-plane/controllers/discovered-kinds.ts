import type { Client } from '../../api/client/client.ts'
import { builtinKinds } from '../../api/kinds/builtin.ts'
import { ALL_VERBS, type KindDeclaration, type Verb } from '../../api/kinds/kind.ts'

interface GroupList {
  groups: { name: string; preferredVersion: { version: string } }[]
}

interface ResourceList {
  resources: { name: string; singularName: string; kind: string; namespaced: boolean; verbs: string[] }[]
}

const builtinGroups = new Set(builtinKinds.map(({ group }) => group))

/**
 * The kinds that the API server serves beside the built-in ones (custom resources, those of other servers), each in its
 * preferred version.
 * @param onFailure called for a group that cannot be asked, which is then left out; without it the call fails
 */
export async function discoverKinds(
  client: Client,
  onFailure?: (group: string, error: Error) => void,
): Promise<KindDeclaration[]> {
  const { groups } = await client.request<GroupList>('GET', '/apis')
  const others = groups.filter(({ name }) => !builtinGroups.has(name))
  const found = await Promise.all(
    others.map(async ({ name, preferredVersion: { version } }) => {
      try {
        const { resources } = await client.request<ResourceList>('GET', `/apis/${name}/${version}`)
        return resources
          .filter(({ name }) => !name.includes('/'))
          .map(resource => kindOf(name, version, resource))
      } catch (error) {
        if (!onFailure) throw error
        onFailure(name, error as Error)
        return []
      }
    }),
  )
  return found.flat()
}

function kindOf(
  group: string,
  version: string,
  { name, singularName, kind, namespaced, verbs }: ResourceList['resources'][number],
): KindDeclaration {
  return {
    group,
    version,
    kind,
    plural: name,
    singular: singularName,
    namespaced,
    schema: '',
    columns: [],
    verbs: ALL_VERBS.filter((verb: Verb) => verbs.includes(verb)),
    custom: true,
  }
}
