import type { PeerCertificate } from 'node:tls'
import type { Client } from '../../../api/client/client.ts'
import { tokenReviews } from '../../../api/kinds/authentication.ts'
import { subjectAccessReviews } from '../../../api/kinds/authorization.ts'

interface Request {
  path: string
  method: string
  nodeName: string
}

interface User {
  username: string
  groups: string[]
}

const VERBS: Record<string, string> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  DELETE: 'delete',
}
const REMEMBERED = 60_000
const answers = new Map<string, { at: number; allowed: boolean }>()

/** May this caller do this? Asked of the API server (webhook mode), but for `system:masters`, who may do everything. */
export async function isAllowed(
  client: Client,
  certificate: PeerCertificate | undefined,
  authorization: string | undefined,
  request: Request,
): Promise<boolean | 'unauthenticated'> {
  const user = certificate ? userOf(certificate) : await userOfToken(client, authorization)
  if (!user) return 'unauthenticated'
  if (user.groups.includes('system:masters')) return true
  const subresource = subresourceOf(request.path)
  const verb = VERBS[request.method] ?? 'get'
  const key = [user.username, verb, subresource].join('|')
  const known = answers.get(key)
  if (known && Date.now() - known.at < REMEMBERED) return known.allowed
  const review = (await client.create(subjectAccessReviews, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: user.username,
      groups: user.groups,
      resourceAttributes: { verb, resource: 'nodes', subresource, name: request.nodeName, version: 'v1' },
    },
  })) as { status?: { allowed?: boolean } }
  const allowed = review.status?.allowed ?? false
  if (answers.size > 1_000) answers.clear()
  answers.set(key, { at: Date.now(), allowed })
  return allowed
}

function userOf({ subject }: PeerCertificate): User {
  const organizations = subject.O as string | string[] | undefined
  return { username: String(subject.CN), groups: organizations === undefined ? [] : [organizations].flat() }
}

async function userOfToken(client: Client, authorization = ''): Promise<User | undefined> {
  const token = /^Bearer (.+)$/.exec(authorization)?.[1]
  if (!token) return undefined
  const review = (await client.create(tokenReviews, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token },
  })) as { status?: { authenticated?: boolean; user?: { username: string; groups?: string[] } } }
  const user = review.status?.authenticated ? review.status.user : undefined
  return user && { username: user.username, groups: user.groups ?? [] }
}

/** The subresource of nodes that guards a path, as the kubelet's documentation lists them. */
function subresourceOf(path: string): string {
  if (path.startsWith('/stats')) return 'stats'
  if (path.startsWith('/metrics')) return 'metrics'
  if (path.startsWith('/logs')) return 'log'
  return path.startsWith('/healthz') ? 'healthz' : 'proxy'
}
