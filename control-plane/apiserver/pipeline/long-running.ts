import type { RequestInfo } from './request-info.ts'

const STREAMS = new Set(['exec', 'attach', 'portforward', 'proxy', 'log'])

/** Watches and connections to Pods and Nodes: they have no time-out and do not count as being in flight. */
export function isLongRunning({ verb, subresource }: RequestInfo): boolean {
  return verb === 'watch' || STREAMS.has(subresource)
}
