import type { Logger } from '../../../plugins/plugin.ts'
import { sendBody, sendText } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'

/** One thing that must be well. Throws what is wrong. */
export interface HealthCheck {
  name: string
  /** Left out of /livez: it can be wrong while a restart would not help. */
  readinessOnly?: boolean
  /** Part of the start: /livez may be told to look past it for a while. */
  isBoot?: boolean
  check(): Promise<void> | void
}

/** The checks of `/healthz`, `/livez` or `/readyz`. */
export const checksOf = (endpoint: string, checks: readonly HealthCheck[]): readonly HealthCheck[] =>
  endpoint === 'readyz' ? checks : checks.filter(({ readinessOnly }) => !readinessOnly)

/** Told of the result of each check of an endpoint. */
export type Observe = (endpoint: string, name: string, isWell: boolean) => void

/** How the server's health is told. */
export interface Health {
  checks: readonly HealthCheck[]
  /** Milliseconds for which a start is live that is not done (`--livez-grace-period`). */
  graceMs: number
  /** When the server began to start, by `performance.now()`. */
  startedAt: number
  observe: Observe
}

/**
 * Answers /healthz, /livez, /readyz and a check by its name (`/livez/etcd`); `?verbose` and `?exclude=NAME` as upstream.
 * Anybody may ask, so what exactly is wrong is for the log, and for who may ask for the one check.
 */
export async function healthHandler(
  ctx: ApiContext,
  { checks, graceMs, startedAt, observe }: Health,
  log: Logger,
): Promise<void> {
  const { path } = ctx.state.info
  const [, endpoint = '', ...rest] = path.split('/')
  const name = rest.join('/')
  const isInGrace = endpoint === 'livez' && performance.now() - startedAt < graceMs
  const all = checksOf(endpoint, checks).map(check => (isInGrace && check.isBoot ? patient(check) : check))
  if (path.endsWith('/')) return await sendText(ctx, 404, '404 page not found\n')
  if (name === '') return await runAll(ctx, endpoint, all, { log, observe })
  const check = all.find(check => check.name === name)
  if (!check) return await sendText(ctx, 404, '404 page not found\n')
  const fault = await run(check)
  if (fault === undefined) await sendText(ctx, 200, 'ok')
  else await sendText(ctx, 500, `internal server error: ${fault}\n`)
}

const patient = (check: HealthCheck): HealthCheck => ({ ...check, check() {} })

async function runAll(
  ctx: ApiContext,
  endpoint: string,
  checks: readonly HealthCheck[],
  { log, observe }: { log: Logger; observe: Observe },
): Promise<void> {
  const { query } = ctx.state.info
  const excluded = new Set(query.getAll('exclude'))
  const unknown = new Set(excluded)
  const lines: string[] = []
  const faults: Record<string, string> = {}
  for (const check of checks) {
    const { name } = check
    unknown.delete(name)
    const isExcluded = excluded.has(name)
    const fault = isExcluded ? undefined : await run(check)
    if (!isExcluded) observe(endpoint, name, fault === undefined)
    if (fault !== undefined) faults[name] = fault
    lines.push(lineOf(name, isExcluded, fault))
  }
  if (unknown.size > 0) lines.push(notFound(unknown))
  const text = lines.map(line => `${line}\n`).join('')
  if (Object.keys(faults).length > 0) {
    log.info({ faults }, `${endpoint} check failed`)
    return await send(ctx, 500, `${text}${endpoint} check failed\n`)
  }
  await send(ctx, 200, query.has('verbose') ? `${text}${endpoint} check passed\n` : 'ok')
}

function lineOf(name: string, isExcluded: boolean, fault: string | undefined): string {
  if (isExcluded) return `[+]${name} excluded: ok`
  return fault === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`
}

function notFound(names: Set<string>): string {
  const listed = [...names].toSorted().map(name => JSON.stringify(name))
  return `warn: some health checks cannot be excluded: no matches for ${listed.join(',')}`
}

const send = (ctx: ApiContext, code: number, text: string) =>
  sendBody(ctx, code, 'text/plain; charset=utf-8', Buffer.from(text), { 'x-content-type-options': 'nosniff' })

async function run({ check }: HealthCheck): Promise<string | undefined> {
  try {
    await check()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
