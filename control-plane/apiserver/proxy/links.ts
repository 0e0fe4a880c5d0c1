import { posix } from 'node:path'
import type { ApiContext } from '../pipeline/state.ts'
import type { ConnectTarget } from './target.ts'

/** Segments of a path up to and with `proxy`: `/api/v1/nodes/NAME/proxy`, `/api/v1/namespaces/NS/pods/NAME/proxy`. */
const CLUSTER_SEGMENTS = 6
const NAMESPACE_SEGMENTS = 8
const URL_PARTS = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is

/** Where the caller finds the server behind a `proxy` subresource. */
export function proxyPath({ state }: ApiContext): string {
  const { path, namespace } = state.info
  const count = namespace === undefined ? CLUSTER_SEGMENTS : NAMESPACE_SEGMENTS
  return path.split('/').slice(0, count).join('/')
}

/** Gives the function that makes a link within the server behind `proxy` lead through the proxy. */
export function linkRewriter(ctx: ApiContext, { host, port }: ConnectTarget): (link: string) => string {
  const prefix = proxyPath(ctx)
  const asked = ctx.host
  return link => {
    const [, scheme, authority = '', path = '', rest = ''] = URL_PARTS.exec(link)!
    const isElsewhere = authority !== '' && authority !== `${host}:${port}` && authority !== asked
    if (isElsewhere || !path.startsWith('/')) return link
    const isAsked = authority !== '' && authority === asked
    const start = isAsked ? `${scheme === undefined ? '' : `${scheme}:`}//${authority}` : ''
    return start + (path.startsWith(prefix) ? path : posix.join(prefix, path)) + rest
  }
}
