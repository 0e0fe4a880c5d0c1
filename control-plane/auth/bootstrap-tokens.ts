import { timingSafeEqual } from 'node:crypto'
import type { InformerFactory } from '../../api/client/client.ts'
import { secrets } from '../../api/kinds/core.ts'
import type { Secret } from '../../api/kinds/types.ts'
import { apiIdentity, type TokenAuthenticator } from './authenticators.ts'

const NAMESPACE = 'kube-system'
const TYPE = 'bootstrap.kubernetes.io/token'
const USER = 'system:bootstrap'
const GROUP = 'system:bootstrappers'
const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/

/**
 * Tokens with which new nodes join (kubernetes.io, "Authenticating with Bootstrap Tokens"): `ID.SECRET`, each a Secret
 * `bootstrap-token-ID` in kube-system.
 */
export function createBootstrapTokens(informers: () => InformerFactory): TokenAuthenticator {
  return {
    authenticate(token, audiences) {
      const [, id, secret] = TOKEN.exec(token) ?? []
      if (!id || !secret) return undefined
      const found = informers().informer(secrets).get(`${NAMESPACE}/bootstrap-token-${id}`)
      const data = found && usableData(found)
      if (data?.['token-id'] !== id || !isSame(data['token-secret'] ?? '', secret)) return undefined
      const extra = (data['auth-extra-groups'] ?? '').split(',').filter(group => EXTRA_GROUP.test(group))
      return apiIdentity({ name: `${USER}:${id}`, groups: [GROUP, ...extra] }, audiences)
    },
  }
}

/** What the Secret says, when it is a token for authentication that has not expired. */
function usableData({ type, metadata, data = {} }: Secret): Record<string, string> | undefined {
  if (type !== TYPE || metadata.deletionTimestamp) return undefined
  const decoded: Record<string, string> = {}
  for (const [key, value] of Object.entries(data)) decoded[key] = Buffer.from(value, 'base64').toString()
  const { expiration } = decoded
  // A date that cannot be read counts as past.
  if (expiration && !(Date.parse(expiration) > Date.now())) return undefined
  return decoded['usage-bootstrap-authentication'] === 'true' ? decoded : undefined
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
