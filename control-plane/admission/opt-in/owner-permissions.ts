import { isDeepStrictEqual } from 'node:util'
import type { ApiObject, OwnerReference } from '../../../api/meta/object.ts'
import { forbidden, type StatusError } from '../../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../../plugins/admission.ts'
import type { Authorizer } from '../../auth/types.ts'
import type { ObjectForms } from '../written-request.ts'

/**
 * Lets nobody name an owner of what they may not delete, or hold up the deletion of an owner whose finalizers they may not
 * set: the garbage collector would do it for them.
 */
export function ownerPermissions(authorizer: Authorizer, forms: ObjectForms): AdmissionPlugin {
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    handles: ({ operation, kind, subresource }) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      !(kind.group === '' && kind.plural === 'pods' && subresource === 'status'),
    async validate(attributes) {
      const [owners, known] = [ownersOf(attributes.object), ownersOf(attributes.oldObject)]
      if (isDeepStrictEqual(owners, known)) return
      if (attributes.operation !== 'CREATE') await checkDelete(attributes, authorizer)
      for (const owner of owners.filter(each => isNewlyBlocking(each, known))) {
        await checkFinalizers(attributes, owner, authorizer, forms)
      }
    },
  }
}

const ownersOf = (object: ApiObject | undefined): readonly OwnerReference[] =>
  object?.metadata?.ownerReferences ?? []

const isNewlyBlocking = (owner: OwnerReference, known: readonly OwnerReference[]): boolean =>
  owner.blockOwnerDeletion === true && !known.find(({ uid }) => uid === owner.uid)?.blockOwnerDeletion

const refuse = ({ kind, object, name }: AdmissionAttributes, why: string): StatusError =>
  forbidden(kind, object?.metadata?.name || name, why)

/** What Go prints where there is no error. */
const NO_ERROR = '<nil>'

async function checkDelete(attributes: AdmissionAttributes, authorizer: Authorizer): Promise<void> {
  const { user, kind, subresource, namespace, name } = attributes
  const { allowed, reason = '' } = await authorizer.authorize({
    user,
    verb: 'delete',
    isResourceRequest: true,
    apiGroup: kind.group,
    apiVersion: kind.version,
    resource: kind.plural,
    name,
    ...(subresource && { subresource }),
    ...(namespace && { namespace }),
  })
  if (allowed === 'allow') return
  throw refuse(attributes, `cannot set an ownerRef on a resource you can't delete: ${reason}, ${NO_ERROR}`)
}

async function checkFinalizers(
  attributes: AdmissionAttributes,
  owner: OwnerReference,
  authorizer: Authorizer,
  forms: ObjectForms,
): Promise<void> {
  const declaration = forms.find(owner.apiVersion, owner.kind)
  if (!declaration) {
    throw refuse(
      attributes,
      `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${owner.apiVersion} Kind ${owner.kind}: no matches for kind ${JSON.stringify(owner.kind)} in version ${JSON.stringify(owner.apiVersion)}`,
    )
  }
  const { group, version, plural, namespaced } = declaration
  const { user, namespace } = attributes
  const { allowed, reason = '' } = await authorizer.authorize({
    user,
    verb: 'update',
    isResourceRequest: true,
    apiGroup: group,
    apiVersion: version,
    resource: plural,
    subresource: 'finalizers',
    name: owner.name,
    ...(namespaced && namespace && { namespace }),
  })
  if (allowed === 'allow') return
  throw refuse(
    attributes,
    `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${reason}, ${NO_ERROR}`,
  )
}
