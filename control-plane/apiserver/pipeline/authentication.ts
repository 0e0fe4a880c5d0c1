import type { Authenticator, UserInfo } from '../../auth/types.ts'
import type { Middleware } from './state.ts'

const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
const AUTHENTICATED = 'system:authenticated'

/** Finds out who makes the request; without any credential it is system:anonymous. */
export function authentication(authenticator: Authenticator): Middleware {
  return (ctx, next) => {
    const known = (user: UserInfo | undefined): Promise<void> => {
      ctx.state.user = user ? withAuthenticated(user) : ANONYMOUS
      return next()
    }
    const user = authenticator.authenticate(ctx.req)
    return user instanceof Promise ? user.then(known) : known(user)
  }
}

function withAuthenticated(user: UserInfo): UserInfo {
  if (user.name === ANONYMOUS.name || user.groups.includes(AUTHENTICATED)) return user
  return { ...user, groups: [...user.groups, AUTHENTICATED] }
}
