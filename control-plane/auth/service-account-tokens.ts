import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import type { InformerFactory } from '../../api/client/client.ts'
import { pods, serviceAccounts } from '../../api/kinds/core.ts'
import type { TokenAuthenticator } from './authenticators.ts'
import type { UserInfo } from './types.ts'

export const ISSUER = 'https://kubernetes.default.svc.cluster.local'
const ALGORITHM = 'ES256'
const REMEMBERED = 10_000

/** What a token is bound to, as its `kubernetes.io` claim says. */
interface Binding {
  namespace: string
  serviceaccount: { name: string; uid: string }
  pod?: { name: string; uid: string }
  node?: { name: string; uid?: string }
}

/** Makes and checks bound tokens of service accounts (KEP-1205). */
export interface ServiceAccountTokens extends TokenAuthenticator {
  issue(binding: Binding, audiences: string[], seconds: number): Promise<{ token: string; expires: Date }>
}

export interface TokenKeys {
  privateKey: string
  publicKey: string
}

export function createServiceAccountTokens(
  keys: TokenKeys,
  informers: () => InformerFactory,
): ServiceAccountTokens {
  const privateKey = createPrivateKey(keys.privateKey)
  const publicKey = createPublicKey(keys.publicKey)
  const verified = new LRUCache<string, Binding>({ max: 4_096, ttl: REMEMBERED })
  return {
    async issue(binding, audiences, seconds) {
      const expires = new Date(Date.now() + seconds * 1000)
      const subject = `system:serviceaccount:${binding.namespace}:${binding.serviceaccount.name}`
      const token = await new SignJWT({ 'kubernetes.io': binding })
        .setProtectedHeader({ alg: ALGORITHM })
        .setIssuer(ISSUER)
        .setSubject(subject)
        .setAudience(audiences.length > 0 ? audiences : [ISSUER])
        .setIssuedAt()
        .setNotBefore('0 s')
        .setExpirationTime(expires)
        .setJti(crypto.randomUUID())
        .sign(privateKey)
      return { token, expires }
    },
    async authenticate(token) {
      if (token.split('.').length !== 3) return undefined
      const binding = verified.get(token) ?? (await verify(token, publicKey))
      if (!binding) return undefined
      verified.set(token, binding)
      return isValid(binding, informers()) ? toUser(binding) : undefined
    },
  }
}

async function verify(token: string, key: KeyObject): Promise<Binding | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, {
      issuer: ISSUER,
      audience: ISSUER,
      algorithms: [ALGORITHM],
    })
    return payload['kubernetes.io'] as Binding | undefined
  } catch {
    return undefined
  }
}

/** A token dies with its service account and with the Pod it was made for. */
function isValid({ namespace, serviceaccount, pod }: Binding, informers: InformerFactory): boolean {
  const account = informers.informer(serviceAccounts).get(`${namespace}/${serviceaccount.name}`)
  if (account?.metadata.uid !== serviceaccount.uid) return false
  return !pod || informers.informer(pods).get(`${namespace}/${pod.name}`)?.metadata.uid === pod.uid
}

function toUser({ namespace, serviceaccount, pod, node }: Binding): UserInfo {
  const extra: Record<string, string[]> = {
    ...(pod && {
      'authentication.kubernetes.io/pod-name': [pod.name],
      'authentication.kubernetes.io/pod-uid': [pod.uid],
    }),
    ...(node && { 'authentication.kubernetes.io/node-name': [node.name] }),
  }
  return {
    name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}
