import { upgradeOf } from '../http-server.ts'
import type { ApiContext } from '../pipeline/state.ts'

/** Whether a request asks for a WebSocket. */
export const wantsWebSocket = (ctx: ApiContext): boolean =>
  upgradeOf(ctx.req) !== undefined && ctx.get('upgrade').toLowerCase() === 'websocket'

/** The sub-protocols that a client can speak, the one it likes best first. */
export const offeredProtocols = (ctx: ApiContext): string[] =>
  ctx
    .get('sec-websocket-protocol')
    .split(',')
    .map(text => text.trim())
    .filter(text => text !== '')
