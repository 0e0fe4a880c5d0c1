import { forbidden, StatusError } from '../../../api/meta/status.ts'
import type { AuthorizationAttributes, Authorizer, Decision, UserInfo } from '../../auth/types.ts'
import type { AccessMetrics } from '../metrics/access-metrics.ts'
import type { RequestInfo } from './request-info.ts'
import type { ApiContext, Middleware } from './state.ts'

/** Upstream's --authorization-always-allow-paths: whoever restarts a server that is not well has no rights in it. */
const ALWAYS_ALLOWED = new Set(['/healthz', '/livez', '/readyz'])

/** Refuses what the user has no right to. */
export function authorization(authorizer: Authorizer, metrics: AccessMetrics): Middleware {
  return (ctx, next) => {
    const { info, user } = ctx.state
    ctx.state.authorizer = authorizer
    if (ALWAYS_ALLOWED.has(info.path)) return next()
    const start = performance.now()
    const decided = (decision: Decision): Promise<void> => {
      metrics.authorized(decision, (performance.now() - start) / 1000)
      ctx.state.decision = decision
      if (decision.allowed === 'allow') return next()
      ctx.res.setHeader('x-content-type-options', 'nosniff')
      throw refusal(info, user, decision)
    }
    const answer = authorizer.authorize(attributesOf(info, user))
    return answer instanceof Promise ? answer.then(decided) : decided(answer)
  }
}

/** Refuses a request that turns out to need another right than the one asked for. @throws StatusError 403 */
export async function requireVerb({ state }: ApiContext, verb: string): Promise<void> {
  const info = { ...state.info, verb }
  const decision = await state.authorizer.authorize(attributesOf(info, state.user))
  if (decision.allowed !== 'allow') throw refusal(info, state.user, decision)
}

function attributesOf(info: RequestInfo, user: UserInfo): AuthorizationAttributes {
  if (!info.isResourceRequest) {
    return { user, verb: info.verb, isResourceRequest: false, path: info.path }
  }
  const { verb, group, version, resource, subresource, namespace } = info
  const name = info.name ?? info.selectedName
  const fieldSelector = info.query.get('fieldSelector')
  return {
    user,
    verb,
    isResourceRequest: true,
    path: info.path,
    apiGroup: group,
    apiVersion: version,
    resource,
    ...(subresource && { subresource }),
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(fieldSelector && { fieldSelector }),
  }
}

function refusal(info: RequestInfo, user: UserInfo, { reason }: Decision): StatusError {
  const why = reason ? `: ${reason}` : ''
  if (!info.isResourceRequest) {
    const message = `User "${user.name}" cannot ${info.verb} path "${info.path}"${why}`
    const { status } = forbidden({ group: '', plural: '' }, undefined, message)
    return new StatusError({ ...status, details: {} })
  }
  const { verb, group, resource, subresource, namespace } = info
  const name = info.name ?? info.selectedName
  const what = subresource ? `${resource}/${subresource}` : resource
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`
  const message = `User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${where}${why}`
  return forbidden({ group, plural: resource }, name, message)
}
