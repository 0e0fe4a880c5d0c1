import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that systems give away by themselves, and below NodePorts: nobody gets one of these by chance. */
const FIRST = 10_000
const COUNT = 20_000
/** Test processes that run at the same time have process ids close together: each begins in a range of its own. */
const EACH = 32

let next = (process.pid * EACH) % COUNT

/** A port nobody listens on, another one each time; it stays free until the test's own server takes it. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + next
    next = (next + 1) % COUNT
    if (await isFree(port)) return port
  }
  throw new Error('no port is free')
}

/** So many, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  return ports
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '0.0.0.0')
  try {
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
