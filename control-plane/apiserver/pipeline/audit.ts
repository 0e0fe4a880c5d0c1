import type { IncomingMessage } from 'node:http'
import type { Decision } from '../../auth/types.ts'
import { Capture } from '../audit/capture.ts'
import type { AuditMetrics } from '../audit/metrics.ts'
import {
  type AuditDecision,
  type AuditPolicy,
  type AuditStage,
  createEvaluator,
  DEFAULT_POLICY,
} from '../audit/policy.ts'
import { isLongRunning } from './long-running.ts'
import { sendText } from './respond.ts'
import type { ApiContext, Middleware } from './state.ts'

/** An audit.k8s.io/v1 Event. */
export type AuditEvent = Record<string, unknown>

/** Takes events. A promise tells whether the request may go on. */
export type AuditSink = (event: AuditEvent) => void | Promise<boolean>

export interface AuditOptions {
  sink: AuditSink
  /** Whether requests wait for the promises that the sink gives. */
  blocks?: boolean | undefined
  metrics?: AuditMetrics | undefined
  /** What is told of which requests; who did what of all of them where left out. */
  policy?: AuditPolicy | undefined
}

/** A user agent is told up to so many characters. */
const LONGEST_AGENT = 1024

/**
 * Tells of each answered request as the policy says: who asked for what, when, and how it ended; of watches and
 * connections also when they began. Nothing where there are no options.
 */
export function audit(options: AuditOptions | undefined): Middleware {
  if (!options) return (_ctx, next) => next()
  const { policy = DEFAULT_POLICY, metrics, blocks } = options
  const sink: AuditSink = metrics ? counting(options.sink, metrics) : options.sink
  const evaluate = createEvaluator(policy)
  return (ctx, next) => {
    const { res, state } = ctx
    const decision = evaluate(state.info, state.user)
    metrics?.decided(decision.level)
    if (decision.level === 'None') return next()
    const arrival = { received: new Date(), sources: sourcesOf(ctx.req) }
    const tell = (stage: AuditStage): void | Promise<boolean> => {
      if (!decision.omitStages.has(stage)) return sink(eventOf(ctx, decision, stage, arrival))
    }
    if (decision.level !== 'Metadata') state.capture = new Capture(ctx.req, decision)
    const received = tell('RequestReceived')
    const tellEnd = (): void | Promise<boolean> => {
      if (!state.capture) return tell('ResponseComplete')
      if (!decision.omitStages.has('ResponseComplete')) return tellObjects(ctx, decision, arrival, sink)
    }
    if (blocks) holdEnd(ctx, tellEnd)
    else res.once('close', () => void tellEnd())
    if (isLongRunning(state.info)) tellStart(ctx, () => void tell('ResponseStarted'))
    return received ? goOn(ctx, received, next, metrics) : next()
  }
}

const counting =
  (sink: AuditSink, metrics: AuditMetrics): AuditSink =>
  event => {
    metrics.events++
    return sink(event)
  }

/** Answers when it was told that the request has come; refuses it where that must be and could not be. */
async function goOn(
  ctx: ApiContext,
  received: Promise<boolean>,
  next: () => Promise<void>,
  metrics: AuditMetrics | undefined,
): Promise<void> {
  if (await received) return await next()
  if (metrics) metrics.rejected++
  const text = `Internal Server Error: ${JSON.stringify(ctx.req.url)}: failed to store audit event\n`
  await sendText(ctx, 500, text)
}

/** The answer ends when it was told of, whether that went well or not. */
function holdEnd({ res }: ApiContext, tellEnd: () => void | Promise<boolean>): void {
  const { end } = res
  let isTold = false
  const once = (): void | Promise<boolean> => {
    if (isTold) return
    isTold = true
    return tellEnd()
  }
  res.end = ((...args: Parameters<typeof end>) => {
    const told = once()
    if (told) void told.then(() => end.apply(res, args))
    else end.apply(res, args)
    return res
  }) as typeof end
  res.once('close', () => void once())
}

/** What is known of a request when it comes, and not any more when its connection has gone. */
interface Arrival {
  received: Date
  sources: readonly string[]
}

function tellStart({ res }: ApiContext, tell: () => void): void {
  const { writeHead } = res
  res.writeHead = ((...args: Parameters<typeof writeHead>) => {
    const result = writeHead.apply(res, args)
    tell()
    return result
  }) as typeof writeHead
}

/** Tells of the end with what was sent and answered. */
async function tellObjects(
  ctx: ApiContext,
  decision: AuditDecision,
  arrival: Arrival,
  sink: AuditSink,
): Promise<boolean> {
  const event = eventOf(ctx, decision, 'ResponseComplete', arrival)
  const objects = await ctx.state.capture!.objects(ctx.state.schemas)
  return (await sink({ ...event, ...named(event.objectRef, objects.requestObject), ...objects })) ?? true
}

/** The reference with what only the object itself tells: the name of what was created. */
function named(reference: unknown, object: any): object {
  if (!reference || !object?.metadata) return {}
  const { name, namespace, uid, resourceVersion } = object.metadata
  const told = Object.entries(reference).filter(([, value]) => value !== undefined)
  return { objectRef: { name, namespace, uid, resourceVersion, ...Object.fromEntries(told) } }
}

function eventOf(
  { state, url, req, res }: ApiContext,
  { level }: AuditDecision,
  stage: AuditStage,
  { received, sources }: Arrival,
): AuditEvent {
  const { info, user, impersonator, auditId, decision, annotations, failure } = state
  const isAnswered = stage !== 'RequestReceived'
  // What is undefined is not written.
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level,
    auditID: auditId,
    stage,
    requestURI: url,
    verb: info.verb,
    user: userOf(impersonator ?? user),
    impersonatedUser: impersonator && userOf(user),
    sourceIPs: sources,
    userAgent: agentOf(req),
    objectRef: info.isResourceRequest ? objectOf(state) : undefined,
    responseStatus: isAnswered ? { metadata: {}, ...failure, code: res.statusCode } : undefined,
    requestReceivedTimestamp: microTime(received),
    stageTimestamp: microTime(isAnswered ? new Date() : received),
    annotations: decision ? { ...annotations, ...verdict(decision) } : annotations,
  }
}

const verdict = ({ allowed, reason = '' }: Decision): object => ({
  'authorization.k8s.io/decision': allowed === 'allow' ? 'allow' : 'forbid',
  'authorization.k8s.io/reason': reason,
})

function agentOf({ headers }: IncomingMessage): string | undefined {
  const agent = headers['user-agent']
  if (agent === undefined || agent.length <= LONGEST_AGENT) return agent
  return `${agent.slice(0, LONGEST_AGENT)}...TRUNCATED`
}

/** Where the request came from: as proxies say, and who sent it here last. */
function sourcesOf({ headers, socket }: IncomingMessage): string[] {
  const remote = socket?.remoteAddress
  const forwarded = headers['x-forwarded-for']
  const real = headers['x-real-ip']
  if (forwarded === undefined && real === undefined) return remote === undefined ? [] : [remote]
  const told = [forwarded ?? [], real ?? []].flat().flatMap(header => header.split(','))
  return [...new Set([...told.map(address => address.trim()), remote ?? ''])].filter(Boolean)
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
    apiGroup: group || undefined,
    apiVersion: version,
    subresource: subresource || undefined,
  }
}

const microTime = (time: Date): string => time.toISOString().replace('Z', '000Z')
