import type { Client } from '../../../api/client/client.ts'
import type { ParamRef, ValidatingAdmissionPolicy } from '../../../api/kinds/admission-types.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { labelSelector } from '../../../api/meta/selectors.ts'
import type { ObjectForms } from '../written-request.ts'

/** A policy or a binding that cannot be used as it is: what the policy's failure policy is about. */
export class ConfigurationError extends Error {
  readonly code = 'POLICY_CONFIGURATION'
}

type ParamKind = NonNullable<ValidatingAdmissionPolicy['spec']['paramKind']>

/** The kind of a policy's parameters. @throws ConfigurationError */
export function findParamKind({ apiVersion, kind }: ParamKind, forms: ObjectForms): KindDeclaration {
  const found = forms.find(apiVersion, kind)
  if (found) return found
  throw new ConfigurationError(
    `failed to find resource referenced by paramKind: '${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}'`,
  )
}

/**
 * The objects that a policy is to be evaluated with, each in turn.
 * @param namespace the request's, '' for what is in none
 * @throws ConfigurationError
 */
export async function collectParams(
  kind: KindDeclaration,
  ref: ParamRef,
  namespace: string,
  client: Client,
): Promise<ApiObject[]> {
  const found = await findParams(kind, ref, placeOf(kind, ref, namespace), client)
  if (found.length === 0 && ref.parameterNotFoundAction === 'Deny') {
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction')
  }
  return found
}

function placeOf({ namespaced }: KindDeclaration, ref: ParamRef, namespace: string): string | undefined {
  if (namespaced) {
    const place = ref.namespace || namespace
    if (place) return place
    throw new ConfigurationError(
      'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    )
  }
  if (!ref.namespace) return undefined
  throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
}

async function findParams(
  kind: KindDeclaration,
  { name, selector }: ParamRef,
  namespace: string | undefined,
  client: Client,
): Promise<ApiObject[]> {
  // What the cache holds is as new as anything a policy could be held to.
  const which = name
    ? { fieldSelector: `metadata.name=${name}` }
    : { labelSelector: labelSelector(selector ?? {}).toString() }
  const options = { namespace, ...which, resourceVersion: '0' }
  return (await client.list(kind, options)).items
}
