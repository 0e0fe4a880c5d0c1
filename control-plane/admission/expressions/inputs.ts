import type { ImmediateAuthorizer } from '../../auth/types.ts'
import type { AdmissionInputs } from '../../cel/admission.ts'
import { isNamespaces } from '../matching/rules.ts'
import type { NamespaceFinder } from '../matching/selection.ts'
import { requestOf } from '../webhooks/review.ts'
import type { RequestForm, WrittenRequest } from '../written-request.ts'

/** What expressions about a request can look at. @throws StatusError 404 when its namespace is not there */
export async function inputsOf(
  request: WrittenRequest,
  form: RequestForm,
  finder: NamespaceFinder,
  authorizer: ImmediateAuthorizer,
): Promise<AdmissionInputs> {
  const { attributes, resource, subresource, namespace, name } = request
  const isInNamespace = namespace !== '' && !isNamespaces(resource)
  return {
    object: (await request.objectIn(form)) ?? null,
    oldObject: (await request.oldObjectIn(form)) ?? null,
    request: requestOf(request, form),
    namespaceObject: isInNamespace ? await finder.find(namespace) : undefined,
    authorizer,
    user: attributes.user,
    place: {
      apiGroup: resource.group,
      resource: resource.resource,
      subresource,
      namespace,
      name,
    },
  }
}
