import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import type { InformerFactory } from '../../api/client/client.ts'
import { nodes, pods, secrets, serviceAccounts } from '../../api/kinds/core.ts'
import type { ApiObject } from '../../api/meta/object.ts'
import { ISSUER, type TokenAuthenticator } from './authenticators.ts'
import { keyId } from './key-id.ts'
import type { UserInfo } from './types.ts'

const ALGORITHM = 'ES256'
/** Milliseconds for which a token is not verified again. What it is bound to is looked up every time. */
const REMEMBERED = 10_000
/** Milliseconds for which a token outlives the deletion of what it is bound to, so that a Pod can end in order. */
const DELETION_LEEWAY = 60_000

interface Reference {
  name: string
  uid?: string
}

/** What a token is bound to: its `kubernetes.io` claim (KEP-1205, KEP-4193). */
export interface TokenBinding {
  namespace: string
  serviceaccount: Reference
  pod?: Reference
  secret?: Reference
  node?: Reference
}

/** A token as it is asked for. */
export interface TokenOrder {
  binding: TokenBinding
  /** The API server's own where empty. */
  audiences: string[]
  /** Lifetime. */
  seconds: number
  /** Seconds after which its user should have fetched another one; the token lives longer, for users who do not. */
  warnAfter?: number
}

/** Makes and checks bound tokens of service accounts. */
export interface ServiceAccountTokens extends TokenAuthenticator {
  issue(order: TokenOrder): Promise<string>
}

export interface TokenKeys {
  privateKey: string
  publicKey: string
}

interface Verified {
  binding: TokenBinding
  audiences: readonly string[]
  id: string | undefined
}

export function createServiceAccountTokens(
  keys: TokenKeys,
  informers: () => InformerFactory,
): ServiceAccountTokens {
  const privateKey = createPrivateKey(keys.privateKey)
  const publicKey = createPublicKey(keys.publicKey)
  const id = keyId(publicKey)
  const verified = new LRUCache<string, Verified>({ max: 4_096, ttl: REMEMBERED })
  return {
    issue: order => sign(order, privateKey, id),
    async authenticate(token, wanted) {
      if (token.split('.').length !== 3) return undefined
      const known = verified.get(token) ?? (await verify(token, publicKey))
      if (!known) return undefined
      verified.set(token, known)
      const audiences = wanted.filter(audience => known.audiences.includes(audience))
      if (audiences.length === 0 || !isAlive(known.binding, informers())) return undefined
      return { user: toUser(known), audiences }
    },
  }
}

async function sign(
  { binding, audiences, seconds, warnAfter }: TokenOrder,
  key: KeyObject,
  kid: string,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const claim = { ...binding, ...(warnAfter && { warnafter: now + warnAfter }) }
  return new SignJWT({ 'kubernetes.io': claim })
    .setProtectedHeader({ alg: ALGORITHM, kid })
    .setIssuer(ISSUER)
    .setSubject(`system:serviceaccount:${binding.namespace}:${binding.serviceaccount.name}`)
    .setAudience(audiences.length > 0 ? audiences : [ISSUER])
    .setIssuedAt(now)
    .setNotBefore(now)
    .setExpirationTime(now + seconds)
    .setJti(crypto.randomUUID())
    .sign(key)
}

async function verify(token: string, key: KeyObject): Promise<Verified | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, { issuer: ISSUER, algorithms: [ALGORITHM] })
    const binding = payload['kubernetes.io'] as TokenBinding | undefined
    const subject = `system:serviceaccount:${binding?.namespace}:${binding?.serviceaccount?.name}`
    const audiences = [payload.aud ?? []].flat()
    return binding && payload.sub === subject ? { binding, audiences, id: payload.jti } : undefined
  } catch {
    return undefined
  }
}

/** A token dies with its service account and with the Pod, Secret or node it was made for. */
function isAlive(binding: TokenBinding, informers: InformerFactory): boolean {
  const { namespace, serviceaccount, pod, secret, node } = binding
  const isThere = (found: ApiObject | undefined, { uid }: Reference): boolean => {
    if (!found || found.metadata.uid !== uid) return false
    const { deletionTimestamp } = found.metadata
    return !deletionTimestamp || Date.parse(deletionTimestamp) + DELETION_LEEWAY > Date.now()
  }
  const find = (kind: typeof pods | typeof secrets | typeof serviceAccounts, { name }: Reference) =>
    informers.informer(kind as never).get(`${namespace}/${name}`) as ApiObject | undefined
  if (!isThere(find(serviceAccounts, serviceaccount), serviceaccount)) return false
  if (pod) return isThere(find(pods, pod), pod)
  if (secret) return isThere(find(secrets, secret), secret)
  return !node || isThere(informers.informer(nodes).get(node.name), node)
}

function toUser({ binding: { namespace, serviceaccount, pod, node }, id }: Verified): UserInfo {
  const domain = 'authentication.kubernetes.io'
  const extra: Record<string, string[]> = {
    ...(id && { [`${domain}/credential-id`]: [`JTI=${id}`] }),
    ...(node && { [`${domain}/node-name`]: [node.name] }),
    ...(node?.uid && { [`${domain}/node-uid`]: [node.uid] }),
    ...(pod && { [`${domain}/pod-name`]: [pod.name], [`${domain}/pod-uid`]: [pod.uid!] }),
  }
  return {
    name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid!,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra,
  }
}
