import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { unauthorized } from '../../api/meta/status.ts'
import type { Authenticator, UserInfo } from './types.ts'

const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
const AUTHENTICATED = 'system:authenticated'
/** Tells by which credential somebody was known. */
const CREDENTIAL = 'authentication.kubernetes.io/credential-id'
/** How a browser hands over a token with a WebSocket, for which it cannot set headers. */
const WEBSOCKET_TOKEN = 'base64url.bearer.authorization.k8s.io.'

/** Whose a token is, and for which of the audiences asked about it is meant. */
export interface TokenIdentity {
  user: UserInfo
  audiences: readonly string[]
}

type MaybePromise<T> = T | Promise<T>

/** Tells whose a bearer token is; undefined when it is none of its sort, not valid, or for other audiences. */
export interface TokenAuthenticator {
  authenticate(token: string, audiences: readonly string[]): MaybePromise<TokenIdentity | undefined>
}

/** The chain, which also answers what a token alone is worth (TokenReview). */
export interface RequestAuthenticator extends Authenticator {
  reviewToken(token: string, audiences?: readonly string[]): Promise<TokenIdentity | undefined>
}

/** The issuer of service accounts' tokens, and the audience of this API server. */
export const ISSUER = 'https://kubernetes.default.svc.cluster.local'
const API_AUDIENCES = [ISSUER]

/**
 * The chain: a client certificate, then a bearer token, then anonymous. A credential that nobody knows is refused: it is
 * never taken for anonymous.
 * @param sawCertificate told of each request with a certificate, and how long that is still good for
 */
export function createAuthenticator(
  tokens: readonly TokenAuthenticator[],
  sawCertificate: (secondsLeft: number) => void = () => {},
): RequestAuthenticator {
  const reviewToken = async (token: string, audiences: readonly string[] = API_AUDIENCES) => {
    for (const authenticator of tokens) {
      const identity = await authenticator.authenticate(token, audiences)
      if (identity) return { ...identity, user: withAuthenticated(identity.user) }
    }
    return undefined
  }
  const tokenUser = async (token: string): Promise<UserInfo> => {
    const identity = await reviewToken(token)
    if (!identity) throw unauthorized()
    return identity.user
  }
  return {
    reviewToken,
    authenticate(request) {
      const certificate = certificateOf(request)
      if (typeof certificate === 'object') {
        sawCertificate((certificate.expires - Date.now()) / 1000)
        return certificate.user
      }
      const token = tokenOf(request)
      if (token !== undefined) return tokenUser(token)
      if (certificate === 'untrusted') throw unauthorized()
      return ANONYMOUS
    },
  }
}

/** Everyone who is known is in this group. */
const withAuthenticated = (user: UserInfo): UserInfo =>
  user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] }

/** Whose a certificate is, and until when (milliseconds since 1970). */
interface Certified {
  user: UserInfo
  expires: number
}

type Certificate = Certified | 'none' | 'untrusted'

const certificates = new WeakMap<object, Certificate>()

/** CN is the name, each O a group (kubernetes.io, "X509 client certificates"). Looked at once a connection. */
function certificateOf({ socket }: IncomingMessage): Certificate {
  const known = certificates.get(socket)
  if (known !== undefined) return known
  const certificate = readCertificate(socket as TLSSocket)
  certificates.set(socket, certificate)
  return certificate
}

function readCertificate(socket: TLSSocket): Certificate {
  const certificate = socket.getPeerCertificate?.()
  const subject = certificate?.subject as { CN?: string; O?: string | string[] } | undefined
  if (!subject) return 'none'
  if (!socket.authorized || !subject.CN) return 'untrusted'
  const groups = subject.O === undefined ? [] : [subject.O].flat()
  const fingerprint = certificate!.fingerprint256.replaceAll(':', '').toLowerCase()
  const extra = { [CREDENTIAL]: [`X509SHA256=${fingerprint}`] }
  return {
    user: withAuthenticated({ name: subject.CN, groups, extra }),
    expires: Date.parse(certificate!.valid_to),
  }
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const bearer = /^bearer +(\S+)/i.exec(headers.authorization ?? '')?.[1]
  if (bearer) return bearer
  const protocol = headers['sec-websocket-protocol']
    ?.split(',')
    .map(part => part.trim())
    .find(part => part.startsWith(WEBSOCKET_TOKEN))
  return protocol && Buffer.from(protocol.slice(WEBSOCKET_TOKEN.length), 'base64url').toString()
}

/** An identity of a token that names no audience: it is for this API server. */
export function apiIdentity(user: UserInfo, audiences: readonly string[]): TokenIdentity | undefined {
  const own = audiences.filter(audience => API_AUDIENCES.includes(audience))
  return own.length > 0 ? { user, audiences: own } : undefined
}
