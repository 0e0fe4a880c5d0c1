import type { IncomingHttpHeaders } from 'node:http'
import { badRequest, forbidden } from '../../../api/meta/status.ts'
import type { Authorizer, UserInfo } from '../../auth/types.ts'
import type { ApiContext, Middleware } from './state.ts'

const EXTRA = 'impersonate-extra-'
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/

/** Makes the request in another's name where `Impersonate-*` headers ask for it and the user may do so. */
export function impersonation(authorizer: Authorizer): Middleware {
  return (ctx, next) => {
    const wanted = asks(ctx.req.headers) && impersonated(ctx.req.headers)
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

function impersonated(headers: IncomingHttpHeaders): UserInfo | undefined {
  const name = single(headers['impersonate-user'])
  const groups = list(headers['impersonate-group'])
  const uid = single(headers['impersonate-uid'])
  const extra: Record<string, string[]> = {}
  for (const [header, value] of Object.entries(headers)) {
    if (header.startsWith(EXTRA)) extra[decodeURIComponent(header.slice(EXTRA.length))] = list(value)
  }
  const hasExtra = Object.keys(extra).length > 0
  if (!name) {
    if (groups.length === 0 && !uid && !hasExtra) return undefined
    throw badRequest('requested impersonation without a user')
  }
  return { name, groups, ...(uid && { uid }), ...(hasExtra && { extra }) }
}

/** Node joins repeated headers with a comma. */
function list(value: string | string[] | undefined): string[] {
  if (value === undefined) return []
  return (Array.isArray(value) ? value : value.split(',')).map(part => part.trim()).filter(Boolean)
}

const single = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value

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
