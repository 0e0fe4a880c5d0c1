import type { IncomingHttpHeaders } from 'node:http'
import { badRequest, forbidden } from '../../../api/meta/status.ts'
import type { Authorizer, UserInfo } from '../../auth/types.ts'
import type { ApiContext, Middleware } from './state.ts'

const EXTRA = 'impersonate-extra-'
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/

/** Makes the request in another's name where `Impersonate-*` headers ask for it and the user may do so. */
export function impersonation(authorizer: Authorizer): Middleware {
  return (ctx, next) => {
    const wanted = asks(ctx.req.headers) && impersonated(ctx.req.rawHeaders)
    return wanted ? impersonate(ctx, wanted, next) : next()
  }

  async function impersonate({ state }: ApiContext, wanted: UserInfo, next: () => Promise<void>) {
    const { user } = state
    await checkImpersonation(authorizer, user, wanted)
    state.impersonator = user
    state.user = withImpliedGroups(wanted)
    return await next()
  }
}

/** Whether a request has anything to do with impersonation: most have not. */
function asks(headers: IncomingHttpHeaders): boolean {
  for (const header in headers) if (header.startsWith('impersonate-')) return true
  return false
}

function impersonated(rawHeaders: readonly string[]): UserInfo | undefined {
  const headers = valuesOf(rawHeaders)
  const name = headers.get('impersonate-user')?.[0]
  const groups = headers.get('impersonate-group') ?? []
  const uid = headers.get('impersonate-uid')?.[0]
  const extra: Record<string, string[]> = {}
  for (const [header, values] of headers) {
    if (header.startsWith(EXTRA)) extra[decoded(header.slice(EXTRA.length))] = values
  }
  const hasExtra = Object.keys(extra).length > 0
  if (!name) {
    if (groups.length === 0 && !uid && !hasExtra) return undefined
    throw badRequest('requested impersonation without a user')
  }
  return { name, groups, ...(uid && { uid }), ...(hasExtra && { extra }) }
}

/** The values of headers, each by itself: Node joins them by commas, which may be in a group's name. */
function valuesOf(rawHeaders: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    const values = headers.get(name)
    if (values) values.push(rawHeaders[i + 1]!)
    else headers.set(name, [rawHeaders[i + 1]!])
  }
  return headers
}

/** A key that is not well encoded is taken as it is, as upstream does. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

async function checkImpersonation(authorizer: Authorizer, user: UserInfo, wanted: UserInfo): Promise<void> {
  const account = SERVICE_ACCOUNT.exec(wanted.name)
  const questions = [
    account
      ? { resource: 'serviceaccounts', apiGroup: '', namespace: account[1], name: account[2] }
      : { resource: 'users', apiGroup: '', name: wanted.name },
    ...wanted.groups.map(name => ({ resource: 'groups', apiGroup: '', name })),
    ...(wanted.uid ? [{ resource: 'uids', apiGroup: 'authentication.k8s.io', name: wanted.uid }] : []),
    ...Object.entries(wanted.extra ?? {}).flatMap(([key, values]) =>
      values.map(name => ({
        resource: 'userextras',
        subresource: key,
        apiGroup: 'authentication.k8s.io',
        name,
      })),
    ),
  ]
  for (const question of questions) {
    const attributes = { user, verb: 'impersonate', isResourceRequest: true, apiVersion: 'v1', ...question }
    const { allowed } = await authorizer.authorize(attributes as Parameters<Authorizer['authorize']>[0])
    if (allowed === 'allow') continue
    const { apiGroup, resource, name } = question
    const message = `User "${user.name}" cannot impersonate resource "${resource}" in API group "${apiGroup}" at the cluster scope`
    throw forbidden({ group: apiGroup, plural: resource }, name, message)
  }
}

/** A service account is in its groups, everyone but system:anonymous is authenticated. */
function withImpliedGroups(user: UserInfo): UserInfo {
  const account = SERVICE_ACCOUNT.exec(user.name)
  const groups = [...user.groups]
  if (account && groups.length === 0) {
    groups.push('system:serviceaccounts', `system:serviceaccounts:${account[1]}`)
  }
  const implied = user.name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated'
  if (!groups.includes(implied)) groups.push(implied)
  return { ...user, groups }
}
