import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { Container, Probe } from '../../../api/kinds/types.ts'
import { grpcProbe } from './grpc-health.ts'
import type { ProbeResult } from './result.ts'

/** Runs a command in a container and gives its output and exit code. */
export type Exec = (
  command: string[],
  timeoutSeconds: number,
) => Promise<{ output: string; exitCode: number }>

const MOST_BODY = 10 * 1024

/** Runs a probe once against a Pod's address (or in its container). */
export async function runProbe(
  probe: Probe,
  container: Container,
  podIP: string,
  exec: Exec,
): Promise<ProbeResult> {
  const timeout = (probe.timeoutSeconds ?? 1) * 1000
  if (probe.exec) return execProbe(probe.exec.command ?? [], timeout, exec)
  if (probe.httpGet) return httpProbe(probe.httpGet, container, podIP, timeout)
  if (probe.tcpSocket)
    return tcpProbe(probe.tcpSocket.host || podIP, portNumber(probe.tcpSocket.port, container), timeout)
  if (probe.grpc) {
    const { port, service = '' } = probe.grpc
    return grpcProbe({ host: podIP, port, service: service ?? '', timeout })
  }
  return { ok: false, message: `Missing probe handler for ${container.name}` }
}

async function execProbe(command: string[], timeout: number, exec: Exec): Promise<ProbeResult> {
  try {
    const { output, exitCode } = await exec(command, Math.ceil(timeout / 1000))
    return { ok: exitCode === 0, message: output.slice(0, MOST_BODY).trim() }
  } catch (error) {
    return { ok: false, message: `command timed out or failed: ${(error as Error).message}` }
  }
}

/** A port by number or by the name a container gave it. */
function portNumber(port: unknown, { ports = [] }: Container): number {
  if (typeof port === 'number') return port
  const named = ports.find(({ name }) => name === port)?.containerPort
  return named ?? Number(port)
}

type HttpGet = NonNullable<Probe['httpGet']>

function httpProbe(get: HttpGet, container: Container, podIP: string, timeout: number): Promise<ProbeResult> {
  const { path = '/', scheme = 'HTTP', host, httpHeaders = [] } = get
  const given = Object.fromEntries(httpHeaders.map(({ name, value }) => [name.toLowerCase(), value]))
  const options = {
    host: host || podIP,
    port: portNumber(get.port, container),
    path: path.startsWith('/') ? path : `/${path}`,
    headers: { 'user-agent': 'kube-probe/1.34', accept: '*/*', connection: 'close', ...given },
    agent: false,
    rejectUnauthorized: false,
    timeout,
  }
  const url = `${scheme.toLowerCase()}://${options.host}:${options.port}${options.path}`
  return new Promise(resolve => {
    const fail = (why: string): void => resolve({ ok: false, message: `Get "${url}": ${why}` })
    const request = (scheme === 'HTTPS' ? httpsRequest : httpRequest)(options, response => {
      const status = response.statusCode ?? 0
      response.resume()
      response.destroy()
      const ok = status >= 200 && status < 400
      resolve({ ok, message: ok ? 'ok' : `HTTP probe failed with statuscode: ${status}` })
    })
    const timer = setTimeout(() => request.destroy(new Error(LATE)), timeout)
    request.on('close', () => clearTimeout(timer))
    request.on('error', (error: NodeJS.ErrnoException) => fail(describe(error, options.host, options.port)))
    request.end()
  })
}

const LATE = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'connect: connection refused',
  ECONNRESET: 'read: connection reset by peer',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
}

function describe({ code = '', message }: NodeJS.ErrnoException, host: string, port: number): string {
  return WORDS[code] ? `dial tcp ${host}:${port}: ${WORDS[code]}` : message
}

function tcpProbe(host: string, port: number, timeout: number): Promise<ProbeResult> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout })
    const done = (ok: boolean, message: string): void => {
      socket.destroy()
      resolve({ ok, message })
    }
    socket.on('connect', () => done(true, ''))
    socket.on('timeout', () => done(false, `dial tcp ${host}:${port}: i/o timeout`))
    socket.on('error', (error: NodeJS.ErrnoException) => done(false, describe(error, host, port)))
  })
}
