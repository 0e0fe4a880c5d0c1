import type { ClientConfig } from '../../../api/client/kubeconfig.ts'
import { percentile } from '../table.ts'
import { Connection, type Reply, type RequestOptions } from './connection.ts'

/** What a closed loop of clients measured. Rate per second, times in milliseconds. */
export interface LoadResult {
  rate: number
  p50: number
  p99: number
  longest: number
  /** Of the body, in the mean. */
  bytes: number
}

const WARM_UP = 1 / 4

/** How many of `count` go ahead and are not counted: servers run for weeks, and compile, cache and grow in their first seconds. */
export const warmUp = (count: number): number => Math.floor(count * WARM_UP)

/**
 * Clients that each send a request, wait for the answer and send the next, until `count` were answered. The first quarter
 * does not count (see {@link warmUp}).
 */
export async function closedLoop(
  config: ClientConfig,
  clients: number,
  count: number,
  request: (i: number) => RequestOptions,
): Promise<LoadResult> {
  const connections = await Promise.all(Array.from({ length: clients }, () => Connection.open(config)))
  const times: number[] = []
  let next = 0
  let bytes = 0
  const run = async (connection: Connection, end: number): Promise<void> => {
    while (next < end) {
      const i = next++
      const sent = performance.now()
      const wanted = request(i)
      const reply = await connection.send(wanted)
      if (reply.status >= 300) throw await refusal(connection, wanted, reply)
      times.push(performance.now() - sent)
      bytes += reply.size
    }
  }
  let start = 0
  try {
    await Promise.all(connections.map(connection => run(connection, warmUp(count))))
    times.length = 0
    bytes = 0
    start = performance.now()
    await Promise.all(connections.map(connection => run(connection, count)))
  } finally {
    for (const connection of connections) connection.close()
  }
  const seconds = (performance.now() - start) / 1000
  return {
    rate: times.length / seconds,
    p50: percentile(times, 50),
    p99: percentile(times, 99),
    longest: Math.max(...times),
    bytes: bytes / times.length,
  }
}

/** Asks once more to show why. */
async function refusal(connection: Connection, request: RequestOptions, { status }: Reply): Promise<Error> {
  const { body } = await connection.send(request, true)
  return new Error(
    `${request.method ?? 'GET'} ${request.path} was answered ${status}: ${body.toString().slice(0, 500)}`,
  )
}
