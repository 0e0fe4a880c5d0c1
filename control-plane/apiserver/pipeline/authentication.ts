import type { Authenticator, UserInfo } from '../../auth/types.ts'
import type { AccessMetrics } from '../metrics/access-metrics.ts'
import type { Middleware } from './state.ts'

const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
const AUTHENTICATED = 'system:authenticated'

/** Finds out who makes the request; without any credential it is system:anonymous. */
export function authentication(authenticator: Authenticator, metrics: AccessMetrics): Middleware {
  return (ctx, next) => {
    const { state } = ctx
    const known = (found: UserInfo | undefined): Promise<void> => {
      const user = found ? withAuthenticated(found) : ANONYMOUS
      state.user = user
      metrics.authenticated(user.name, secondsSince(state.received))
      return next()
    }
    const refused = (error: unknown): never => {
      metrics.refused(secondsSince(state.received))
      throw error
    }
    let user: ReturnType<Authenticator['authenticate']>
    try {
      user = authenticator.authenticate(ctx.req)
    } catch (error) {
      return refused(error)
    }
    return user instanceof Promise ? user.then(known, refused) : known(user)
  }
}

const secondsSince = (start: number): number => (performance.now() - start) / 1000

function withAuthenticated(user: UserInfo): UserInfo {
  if (user.name === ANONYMOUS.name || user.groups.includes(AUTHENTICATED)) return user
  return { ...user, groups: [...user.groups, AUTHENTICATED] }
}
