import type { Client } from '../../../api/client/client.ts'
import { nodes, pods, secrets, serviceAccounts } from '../../../api/kinds/core.ts'
import type { Node, Pod } from '../../../api/kinds/types.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import {
  badRequest,
  conflict,
  type FieldError,
  invalid,
  invalidValue,
  isNotFound,
} from '../../../api/meta/status.ts'
import { toTime } from '../../../api/meta/time.ts'
import { ISSUER } from '../../auth/authenticators.ts'
import type { TokenBinding, TokenOrder } from '../../auth/service-account-tokens.ts'
import type { SubresourceHandler, SubresourceRequest } from './handler.ts'

const DEFAULT_SECONDS = 3_600
const LEAST_SECONDS = 600
const MOST_SECONDS = 2 ** 32
/** What the volume of a Pod's own token asks for; such tokens last longer, for users who never read them again. */
const WARN_ONLY_SECONDS = 3_607
const EXTENDED_SECONDS = 365 * 24 * 3_600

interface BoundObject {
  apiVersion?: string
  kind?: string
  name: string
  uid?: string
}

/** Makes a token of a service account (authentication/v1 TokenRequest), bound to a Pod, Secret or node where asked. */
export const requestToken: SubresourceHandler = async request => {
  const { client, name, namespace, object, tokens, now } = request
  const { audiences = [], boundObjectRef } = object.spec ?? {}
  const expirationSeconds: number = object.spec?.expirationSeconds ?? DEFAULT_SECONDS
  const errors = validateSeconds(expirationSeconds)
  if (errors.length > 0) throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', errors)
  const account = await client.get(serviceAccounts, { name, namespace })
  const { uid } = account.metadata
  checkUid(object.metadata?.uid, uid!, name)
  const binding: TokenBinding = {
    namespace: namespace!,
    serviceaccount: { name, uid: uid! },
    ...(boundObjectRef && (await bind(request, boundObjectRef))),
  }
  const token = await tokens.issue({ binding, audiences, ...lifetime(expirationSeconds, audiences, binding) })
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { name, namespace: namespace!, uid: uid!, creationTimestamp: toTime(now) },
    spec: {
      audiences: audiences.length > 0 ? audiences : [ISSUER],
      expirationSeconds,
      boundObjectRef: boundObjectRef ?? null,
    },
    status: { token, expirationTimestamp: toTime(new Date(now.getTime() + expirationSeconds * 1000)) },
  }
}

/** A request may say which account of the name it means. */
function checkUid(wanted: string | undefined, uid: string, name: string): void {
  if (!wanted || wanted === uid) return
  const why = `the UID in the token request (${wanted}) does not match the UID of the service account (${uid})`
  throw conflict({ group: 'authentication.k8s.io', plural: 'TokenRequest' }, name, why)
}

function validateSeconds(seconds: number): FieldError[] {
  const path = 'spec.expirationSeconds'
  if (seconds < LEAST_SECONDS)
    return [invalidValue(path, seconds, 'may not specify a duration less than 10 minutes')]
  return seconds > MOST_SECONDS
    ? [invalidValue(path, seconds, 'may not specify a duration larger than 2^32 seconds')]
    : []
}

function lifetime(
  seconds: number,
  audiences: string[],
  { pod }: TokenBinding,
): Pick<TokenOrder, 'seconds' | 'warnAfter'> {
  const isForApi = audiences.every(audience => audience === ISSUER)
  return pod && seconds === WARN_ONLY_SECONDS && isForApi
    ? { seconds: EXTENDED_SECONDS, warnAfter: seconds }
    : { seconds }
}

/** The claims of what the token is to live and die with. */
async function bind(request: SubresourceRequest, ref: BoundObject): Promise<Partial<TokenBinding>> {
  const { client, namespace } = request
  const type = `${ref.apiVersion ?? ''}/${ref.kind}`
  switch (type) {
    case 'v1/Pod':
      return bindToPod(request, await existing(ref, 'Pod', client.get(pods, { name: ref.name, namespace })))
    case 'v1/Secret':
      return {
        secret: referenceTo(
          await existing(ref, 'Secret', client.get(secrets, { name: ref.name, namespace })),
        ),
      }
    case 'v1/Node':
      return { node: referenceTo(await existing(ref, 'Node', client.get(nodes, { name: ref.name }))) }
    default:
      throw badRequest(`cannot bind token to object of type /${ref.apiVersion ?? ''}, Kind=${ref.kind ?? ''}`)
  }
}

const referenceTo = ({ metadata }: ApiObject) => ({ name: metadata.name, uid: metadata.uid! })

async function existing<T extends ApiObject>(ref: BoundObject, kind: string, found: Promise<T>): Promise<T> {
  const object = await found
  if (!ref.uid || object.metadata.uid === ref.uid) return object
  const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`
  throw conflict({ group: '', plural: kind }, ref.name, why)
}

/** A Pod's token also says on which node it is. */
async function bindToPod({ client, name }: SubresourceRequest, pod: Pod): Promise<Partial<TokenBinding>> {
  if ((pod.spec.serviceAccountName || 'default') !== name) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(name)} to pod running with different serviceaccount name.`,
    )
  }
  const { nodeName } = pod.spec
  if (!nodeName) return { pod: referenceTo(pod) }
  const node = await findNode(client, nodeName)
  return { pod: referenceTo(pod), node: node ? referenceTo(node) : { name: nodeName } }
}

async function findNode(client: Client, name: string): Promise<Node | undefined> {
  try {
    return await client.get(nodes, { name })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
