import type { PeerCertificate } from 'node:tls'
import type { Client } from '../../../api/client/client.ts'
import { tokenReviews } from '../../../api/kinds/authentication.ts'
import { subjectAccessReviews } from '../../../api/kinds/authorization.ts'
import { RequestError } from './find-container.ts'

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

/**
 * Lets a caller pass who may do this. That is asked of the API server (webhook mode), but for `system:masters`, who may do
 * everything.
 * @throws RequestError 401 or 403.
 */
export async function checkAccess(
  client: Client,
  certificate: PeerCertificate | undefined,
  authorization: string | undefined,
  request: Request,
): Promise<void> {
  const user = certificate ? userOf(certificate) : await userOfToken(client, authorization)
  if (!user) throw new RequestError(401, 'Unauthorized')
  if (user.groups.includes('system:masters')) return
  const verb = VERBS[request.method] ?? 'get'
  const subresources = subresourcesOf(request.path)
  for (const subresource of subresources) {
    if (await isAllowed(client, user, { verb, subresource, name: request.nodeName })) return
  }
  const what = `verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}]`
  throw new RequestError(403, `Forbidden (user=${user.username}, ${what})`)
}

interface Access {
  verb: string
  subresource: string
  /** The node's. */
  name: string
}

async function isAllowed(client: Client, user: User, access: Access): Promise<boolean> {
  const key = [user.username, access.verb, access.subresource].join('|')
  const known = answers.get(key)
  if (known && Date.now() - known.at < REMEMBERED) return known.allowed
  const review = (await client.create(subjectAccessReviews, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: user.username,
      groups: user.groups,
      resourceAttributes: { ...access, resource: 'nodes', version: 'v1' },
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

const FINE: Record<string, string> = {
  '/pods': 'pods',
  '/runningpods': 'pods',
  '/healthz': 'healthz',
  '/configz': 'configz',
}

/**
 * The subresources of nodes that guard a path, as the kubelet's documentation lists them: rights on any of them are
 * enough. The last one is older and lets its owner do much more (KEP-2862).
 */
function subresourcesOf(path: string): string[] {
  const [, first = ''] = path.split(/[/?]/)
  const fine = FINE[`/${first}`]
  if (fine) return [fine, 'proxy']
  if (first === 'stats' || first === 'metrics') return [first]
  return [first === 'logs' ? 'log' : 'proxy']
}
