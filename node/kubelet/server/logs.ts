import { Readable } from 'node:stream'
import type Koa from 'koa'
import { findPod, findRun, RequestError } from './find-container.ts'
import { type LogOptions, readLog } from './log-reader.ts'
import type { KubeletServerOptions } from './options.ts'

/** `GET /containerLogs/NAMESPACE/POD/CONTAINER`. */
export async function serveLogs(
  { context, pods }: KubeletServerOptions,
  ctx: Koa.Context,
  [namespace = '', name = '', container = '']: string[],
): Promise<void> {
  const { runtime } = context
  const pod = findPod(pods, namespace, name)
  const options = parseOptions(ctx.query)
  const run = await findRun(runtime, pod, container, ctx.query.previous === 'true')
  const aborted = new AbortController()
  ctx.req.on('close', () => aborted.abort())
  ctx.res.on('close', () => aborted.abort())
  const isOver = async (): Promise<boolean> =>
    runtime.containerStatus(run.id).then(
      ({ state }) => state !== 'CONTAINER_RUNNING' && state !== 'CONTAINER_CREATED',
      () => true,
    )
  ctx.type = 'text/plain'
  ctx.body = Readable.from(ignoreMissing(readLog(run.logPath, options, isOver, aborted.signal)), {
    objectMode: false,
  })
  ctx.flushHeaders()
}

/** A container that was made and wrote nothing may have no file yet. */
async function* ignoreMissing(lines: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* lines
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

type Query = Koa.Context['query']

function parseOptions(query: Query): LogOptions {
  const number = (name: string): number | undefined => {
    const text = query[name]
    if (text === undefined) return undefined
    const value = Number(text)
    if (!Number.isInteger(value))
      throw new RequestError(400, `${name}: invalid value ${JSON.stringify(text)}, expected a whole number`)
    return value
  }
  const sinceSeconds = number('sinceSeconds')
  const tailLines = number('tailLines')
  const limitBytes = number('limitBytes')
  const since = sinceSeconds === undefined ? parseTime(query.sinceTime) : Date.now() - sinceSeconds * 1000
  return {
    follow: query.follow === 'true',
    timestamps: query.timestamps === 'true',
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(since !== undefined && { since }),
  }
}

function parseTime(text: string | string[] | undefined): number | undefined {
  if (text === undefined) return undefined
  const time = Date.parse(String(text))
  if (Number.isNaN(time))
    throw new RequestError(400, `sinceTime: invalid value ${JSON.stringify(text)}, expected RFC 3339`)
  return time
}
