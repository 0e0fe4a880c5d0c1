import type { Middleware } from './state.ts'

/** An audit.k8s.io/v1 Event of level Metadata. */
export type AuditEvent = Record<string, unknown>

/** Tells of each answered request: who asked for what, when, and how it ended. Nothing where no sink is given. */
export function audit(sink: ((event: AuditEvent) => void) | undefined): Middleware {
  if (!sink) return (_ctx, next) => next()
  return async (ctx, next) => {
    const received = new Date().toISOString()
    ctx.res.once('close', () => {
      const { info, user, impersonator, auditId } = ctx.state
      const { namespace, name, group, version, resource, subresource } = info
      sink({
        kind: 'Event',
        apiVersion: 'audit.k8s.io/v1',
        level: 'Metadata',
        auditID: auditId,
        stage: 'ResponseComplete',
        requestURI: ctx.url,
        verb: info.verb,
        user: impersonator ?? user,
        ...(impersonator && { impersonatedUser: user }),
        sourceIPs: [ctx.req.socket.remoteAddress],
        userAgent: ctx.req.headers['user-agent'],
        ...(info.isResourceRequest && {
          objectRef: {
            resource,
            subresource: subresource || undefined,
            namespace,
            name,
            apiGroup: group,
            apiVersion: version,
          },
        }),
        responseStatus: { metadata: {}, code: ctx.res.statusCode },
        requestReceivedTimestamp: received,
        stageTimestamp: new Date().toISOString(),
      })
    })
    return await next()
  }
}
