import { resourceName } from '../../api/kinds/kind.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import { forbidden, unexpectedError } from '../../api/meta/status.ts'
import type { AdmissionAttributes } from '../../plugins/admission.ts'
import { boundsOf } from '../quota/bounds.ts'
import { meetsScope, type ScopeRequirement, scopesOf } from '../quota/scopes.ts'
import { usageOf } from '../quota/usage.ts'

/** What may be made only where a quota covers it (apiserver.config.k8s.io/v1 ResourceQuotaConfiguration). */
export interface LimitedResource {
  apiGroup?: string
  resource: string
  /** Parts of the names of what is limited: `.storageclass.storage.k8s.io/` … */
  matchContains?: string[]
  matchScopes?: ScopeRequirement[]
}

/**
 * Refuses what takes of something that is limited and that no quota covers.
 * @param quotas all of the namespace
 * @param concerned those that are about the object
 * @throws StatusError 403, and 500 for scopes, as upstream's server
 */
export function checkLimited(
  attributes: AdmissionAttributes,
  limited: readonly LimitedResource[],
  quotas: readonly ApiObject[],
  concerned: readonly ApiObject[],
): void {
  if (limited.length === 0 || takesNothing(attributes)) return
  const { kind, name } = attributes
  const type = resourceName(kind)
  const covered = new Set(concerned.flatMap(({ status }) => boundsOf(type, Object.keys(status?.hard ?? {}))))
  const missing = limitedNames(attributes, limited).filter(each => !covered.has(each))
  if (missing.length > 0) {
    throw forbidden(kind, name, `insufficient quota to consume: ${missing.sort().join(',')}`)
  }
  const open = uncoveredScopes(type, attributes.object!, limited, quotas)
  if (open.length === 0) return
  const list = open.map(
    ({ scopeName, operator, values = [] }) => `{${scopeName} ${operator} [${values.join(' ')}]}`,
  )
  throw unexpectedError(`insufficient quota to match these scopes: [${list.join(' ')}]`)
}

/** An update that takes no more than before. */
function takesNothing({ kind, object, oldObject }: AdmissionAttributes): boolean {
  if (!oldObject) return false
  const type = resourceName(kind)
  const [after, before] = [usageOf(type, object!, Date.now()), usageOf(type, oldObject, Date.now())]
  return Object.entries(after).every(([name, amount]) => amount.nano <= (before[name]?.nano ?? 0n))
}

function limitedNames({ kind, object }: AdmissionAttributes, limited: readonly LimitedResource[]): string[] {
  const own = limited.filter(
    ({ apiGroup = '', resource }) => apiGroup === kind.group && resource === kind.plural,
  )
  const parts = own.flatMap(({ matchContains = [] }) => matchContains)
  if (parts.length === 0) return []
  return Object.entries(usageOf(resourceName(kind), object!, Date.now()))
    .filter(([name, { nano }]) => nano > 0n && parts.some(part => name.includes(part)))
    .map(([name]) => name)
}

function uncoveredScopes(
  type: string,
  object: ApiObject,
  limited: readonly LimitedResource[],
  quotas: readonly ApiObject[],
): ScopeRequirement[] {
  const meets = (requirement: ScopeRequirement): boolean => meetsScope(requirement, type, object)
  const wanted = limited.flatMap(({ matchScopes = [] }) => matchScopes).filter(meets)
  if (wanted.length === 0) return []
  const given = new Set(
    quotas.flatMap(quota => scopesOf(quota).filter(meets)).map(({ scopeName }) => scopeName),
  )
  return wanted.filter(({ scopeName }) => !given.has(scopeName))
}
