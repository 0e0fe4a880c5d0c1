import type { Registry } from 'prom-client'
import { kindOf } from '../fairness/current-requests.ts'
import type { FlowControl } from '../fairness/flow-control.ts'
import type { ClassifiedTicket } from '../fairness/schema.ts'
import { CounterTable } from '../metrics/tables.ts'
import { isLongRunning } from './long-running.ts'
import { sendBody } from './respond.ts'
import type { ApiContext, Middleware } from './state.ts'
import { REQUEST_TIMEOUT, requestTimeout } from './timeouts.ts'

/** Of the time a request has, the part it may spend waiting. */
const WAITING_PART = 4
const MESSAGE = Buffer.from('Too many requests, please try again later.\n')

/**
 * Lets requests in as priority and fairness has it: at once, after a wait, or not at all (429). Connections to Pods and
 * Nodes do not count; a watch counts until what there was at its start has been sent.
 */
export function fairness(control: FlowControl, registry: Registry): Middleware {
  const dropped = new CounterTable(
    registry,
    'apiserver_dropped_requests_total',
    'Requests refused because too many were being answered',
  )
  const refuse = (ctx: ApiContext, { info, schema }: ClassifiedTicket): Promise<void> => {
    const kind = kindOf(info)
    dropped.add(kind, () => ({ request_kind: kind }))
    const seconds = control.retryAfter.refused(schema.level.name)
    const headers = { 'retry-after': String(seconds), 'x-content-type-options': 'nosniff' }
    ctx.state.terminated = 429
    return sendBody(ctx, 429, 'text/plain; charset=utf-8', MESSAGE, headers)
  }
  return (ctx, next) => {
    const { state } = ctx
    const { info } = state
    const isWatch = info.verb === 'watch'
    if (!isWatch && isLongRunning(info)) return next()
    const ticket = control.open(info, state.user)
    state.flow = ticket.schema
    const admission = control.enter(ticket)
    if (admission === 'execute') {
      if (!ticket.schema.level.isExempt) ticket.stats.waits.add(0)
      return isWatch ? serveWatch(control, ticket, ctx, next) : serve(control, ticket, next)
    }
    if (admission === 'wait') return serveLater(ctx, next, isWatch, ticket)
    ticket.stats.waitsInVain.add(0)
    return refuse(ctx, ticket)
  }

  async function serveLater(
    ctx: ApiContext,
    next: () => Promise<void>,
    isWatch: boolean,
    ticket: ClassifiedTicket,
  ) {
    const isAdmitted = await wait(control, ticket, ctx)
    const { stats } = ticket
    const waits = isAdmitted ? stats.waits : stats.waitsInVain
    const waited = control.waited(ticket, isAdmitted)
    waits.add(waited)
    ctx.state.waited = waited
    if (!isAdmitted) return await refuse(ctx, ticket)
    return await (isWatch ? serveWatch(control, ticket, ctx, next) : serve(control, ticket, next))
  }
}

async function serve(
  control: FlowControl,
  ticket: ClassifiedTicket,
  next: () => Promise<void>,
): Promise<void> {
  try {
    await next()
  } finally {
    control.leave(ticket)
  }
}

async function serveWatch(
  control: FlowControl,
  ticket: ClassifiedTicket,
  ctx: ApiContext,
  next: () => Promise<void>,
): Promise<void> {
  let isInitialized = false
  const initialized = () => {
    if (!isInitialized) control.leave(ticket)
    isInitialized = true
  }
  ctx.state.initialized = initialized
  const forget = control.estimator.watches.register(ticket.info)
  try {
    await next()
  } finally {
    forget()
    initialized()
  }
}

/** Resolves when the request may start, with false when it has waited too long or its client is gone. */
function wait(control: FlowControl, ticket: ClassifiedTicket, { res, state }: ApiContext): Promise<boolean> {
  const longest = (ticket.info.verb === 'watch' ? REQUEST_TIMEOUT : requestTimeout(state.info)) / WAITING_PART
  return new Promise(resolve => {
    const decide = (isAdmitted: boolean) => {
      clearTimeout(timer)
      res.off('close', giveUp)
      resolve(isAdmitted)
    }
    const giveUp = () => {
      if (control.cancel(ticket)) decide(false)
    }
    const timer = setTimeout(giveUp, longest)
    res.on('close', giveUp)
    ticket.decide = decide
  })
}
