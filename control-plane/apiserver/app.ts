import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import type { SchemaSet } from '../../api/schema/schemas.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { Authenticator, Authorizer } from '../auth/types.ts'
import type { AccessMetrics } from './metrics/access-metrics.ts'
import { type AuditOptions, audit } from './pipeline/audit.ts'
import { authentication } from './pipeline/authentication.ts'
import { authorization } from './pipeline/authorization.ts'
import { errors } from './pipeline/errors.ts'
import { impersonation } from './pipeline/impersonation.ts'
import { isMalformed, parseRequest } from './pipeline/request-info.ts'
import type { ApiContext, Middleware, RequestState } from './pipeline/state.ts'
import { timeouts } from './pipeline/timeouts.ts'

export interface AppOptions {
  log: Logger
  authenticator: Authenticator
  authorizer: Authorizer
  metrics: Middleware
  /** Counts who was found, and what was allowed. */
  access: AccessMetrics
  /** Lets requests wait for what is too much at once, or refuses them. */
  limits: Middleware
  /** For reading bodies in protobuf. */
  schemas: SchemaSet
  audit?: AuditOptions | undefined
  /** Answers what got through. */
  handle(ctx: ApiContext): Promise<void>
}

/**
 * Koa without its end of a request: whoever makes an answer sends it, and `errors` answers what was thrown, so that
 * nothing has to be made of a context afterwards, and no connection to be watched for that.
 */
class ApiApp extends Koa<RequestState> {
  async handleRequest(ctx: Koa.Context, steps: (ctx: Koa.Context) => Promise<void>): Promise<void> {
    try {
      await steps(ctx)
    } catch (error) {
      this.emit('error', error, ctx)
    }
  }
}

/** What each request goes through, in order. */
export function createApp(options: AppOptions): Koa<RequestState> {
  const { log, authenticator, authorizer, access, schemas, handle } = options
  const app = new ApiApp()
  const steps: Middleware[] = [
    requestInfo(schemas),
    options.metrics,
    errors(log),
    timeouts,
    authentication(authenticator, access),
    audit(options.audit),
    impersonation(authorizer),
    options.limits,
    authorization(authorizer, access),
    handle,
  ]
  for (const step of steps) app.use(step as Koa.Middleware<RequestState>)
  app.on('error', error => log.debug({ error }, 'connection ended early'))
  return app
}

/** What is no URL is refused before anything is made of it, in the words of Go's HTTP server. */
function refuse(ctx: ApiContext): void {
  ctx.respond = false
  ctx.res.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' })
  ctx.res.end('400 Bad Request')
}

const requestInfo =
  (schemas: SchemaSet): Middleware =>
  (ctx, next) => {
    const { state } = ctx
    state.schemas = schemas
    state.info = parseRequest(ctx.req.method ?? 'GET', ctx.req.url ?? '/')
    if (isMalformed(state.info)) return refuse(ctx)
    state.warnings = new Set()
    state.auditId = (ctx.req.headers['audit-id'] as string | undefined) ?? randomUUID()
    return next()
  }
