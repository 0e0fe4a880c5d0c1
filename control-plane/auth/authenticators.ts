import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { unauthorized } from '../../api/meta/status.ts'
import type { Authenticator, UserInfo } from './types.ts'

const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
const AUTHENTICATED = 'system:authenticated'

/** Tells whose a bearer token is; undefined when it is none of its sort. */
export interface TokenAuthenticator {
  authenticate(token: string): Promise<UserInfo | undefined>
}

/**
 * The chain: a client certificate, then a bearer token, then anonymous. A token that nobody knows is refused: it is never
 * taken for anonymous.
 */
export function createAuthenticator(tokens: TokenAuthenticator[]): Authenticator {
  return {
    async authenticate(request) {
      const user = certificateUser(request) ?? (await tokenUser(request, tokens))
      if (!user) return ANONYMOUS
      return user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] }
    },
  }
}

const certificateUsers = new WeakMap<object, UserInfo | null>()

/** CN is the name, each O a group (kubernetes.io, "X509 client certificates"). Looked at once a connection. */
function certificateUser({ socket }: IncomingMessage): UserInfo | undefined {
  const known = certificateUsers.get(socket)
  if (known !== undefined) return known ?? undefined
  const user = readCertificate(socket as TLSSocket)
  certificateUsers.set(socket, user ?? null)
  return user
}

function readCertificate(socket: TLSSocket): UserInfo | undefined {
  if (!socket.authorized) return undefined
  const subject = socket.getPeerCertificate()?.subject as { CN?: string; O?: string | string[] } | undefined
  if (!subject?.CN) return undefined
  return { name: subject.CN, groups: subject.O === undefined ? [] : [subject.O].flat() }
}

async function tokenUser(
  { headers }: IncomingMessage,
  tokens: TokenAuthenticator[],
): Promise<UserInfo | undefined> {
  const token = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  if (!token) return undefined
  for (const authenticator of tokens) {
    const user = await authenticator.authenticate(token)
    if (user) return user
  }
  throw unauthorized()
}
