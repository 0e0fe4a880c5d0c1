import { isLongRunning } from './long-running.ts'
import type { ApiContext, Middleware } from './state.ts'

/** An audit.k8s.io/v1 Event of level Metadata. */
export type AuditEvent = Record<string, unknown>

/**
 * Tells of each answered request: who asked for what, when, and how it ended; of watches and connections also when they
 * began. Nothing where no sink is given.
 */
export function audit(sink: ((event: AuditEvent) => void) | undefined): Middleware {
  if (!sink) return (_ctx, next) => next()
  return async (ctx, next) => {
    const received = new Date()
    const { res } = ctx
    res.once('close', () => sink(eventOf(ctx, 'ResponseComplete', received)))
    if (isLongRunning(ctx.state.info)) {
      const { writeHead } = res
      res.writeHead = ((...args: Parameters<typeof writeHead>) => {
        const result = writeHead.apply(res, args)
        sink(eventOf(ctx, 'ResponseStarted', received))
        return result
      }) as typeof writeHead
    }
    return await next()
  }
}

function eventOf({ state, url, req, res }: ApiContext, stage: string, received: Date): AuditEvent {
  const { info, user, impersonator, auditId, decision, annotations } = state
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: auditId,
    stage,
    requestURI: url,
    verb: info.verb,
    user: userOf(impersonator ?? user),
    ...(impersonator && { impersonatedUser: userOf(user) }),
    sourceIPs: [req.socket?.remoteAddress],
    userAgent: req.headers['user-agent'],
    ...(info.isResourceRequest && { objectRef: objectOf(state) }),
    responseStatus: { metadata: {}, code: res.statusCode },
    requestReceivedTimestamp: microTime(received),
    stageTimestamp: microTime(new Date()),
    ...((decision || annotations) && {
      annotations: {
        ...annotations,
        ...(decision && {
          'authorization.k8s.io/decision': decision.allowed === 'allow' ? 'allow' : 'forbid',
          'authorization.k8s.io/reason': decision.reason ?? '',
        }),
      },
    }),
  }
}

const userOf = ({ name, uid, groups, extra }: ApiContext['state']['user']): object => ({
  username: name,
  uid,
  groups,
  extra,
})

function objectOf({ info }: ApiContext['state']): object {
  const { group, version, resource, subresource, namespace, name } = info
  return {
    resource,
    namespace,
    name,
    ...(group && { apiGroup: group }),
    apiVersion: version,
    ...(subresource && { subresource }),
  }
}

const microTime = (time: Date): string => time.toISOString().replace('Z', '000Z')
