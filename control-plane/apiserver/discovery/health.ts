import { sendText } from '../pipeline/respond.ts'
import type { ApiContext } from '../pipeline/state.ts'

/** One thing that must be well. Throws what is wrong. */
export interface HealthCheck {
  name: string
  /** Left out of /livez: it can be wrong while a restart would not help. */
  readinessOnly?: boolean
  check(): Promise<void> | void
}

/** Answers /healthz, /livez, /readyz and `/readyz/NAME`; `?verbose` and `?exclude=NAME` as upstream. */
export async function healthHandler(ctx: ApiContext, checks: readonly HealthCheck[]): Promise<void> {
  const { path, query } = ctx.state.info
  const [, endpoint, ...rest] = path.split('/')
  const name = rest.join('/')
  const excluded = new Set(query.getAll('exclude'))
  const chosen = checks.filter(check =>
    name ? check.name === name : endpoint === 'readyz' || !check.readinessOnly,
  )
  if (name && chosen.length === 0) return await sendText(ctx, 404, '404 page not found\n')
  const lines: string[] = []
  let failed = false
  for (const check of chosen) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`)
      continue
    }
    const fault = await run(check)
    failed ||= fault !== undefined
    lines.push(fault === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: ${fault}`)
  }
  if (excluded.size > 0) lines.push(notFound(excluded))
  if (failed) return await sendText(ctx, 500, `${lines.join('\n')}\n${endpoint} check failed\n`)
  const verbose = query.has('verbose') && !name
  await sendText(ctx, 200, verbose ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok')
}

function notFound(names: Set<string>): string {
  const listed = [...names].map(name => JSON.stringify(name)).join(',')
  return `warn: some health checks cannot be excluded: no matches for ${listed}`
}

async function run({ check }: HealthCheck): Promise<string | undefined> {
  try {
    await check()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
