/** Where a connection goes: a server and a path of it. */
export interface ConnectTarget {
  host: string
  port: number
  /** With its query. */
  path: string
  /** Left out for plain HTTP. */
  tls?: { ca?: string; cert?: string; key?: string; rejectUnauthorized?: boolean; servername?: string }
  /** Sent beside those of the caller. */
  headers?: Record<string, string | string[]>
  /** Kubelets refuse in plain text, which becomes a Status; what others answer is passed on as it is. */
  refusesInText?: boolean
  /** Throws the API's error for a server that cannot be reached. */
  unreachable(cause: Error): never
}

/** What Go's network library calls faults of a connection: clients and people know these words. */
const GO_WORDS: Record<string, string> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'connect: connection timed out',
}

/** A connection's fault in upstream's words: `dial tcp 10.244.1.2:9: connect: connection refused`. */
export function dialFault(host: string, port: number, cause: Error): string {
  const words = GO_WORDS[(cause as NodeJS.ErrnoException).code ?? ''] ?? cause.message
  return `dial tcp ${host}:${port}: ${words}`
}
