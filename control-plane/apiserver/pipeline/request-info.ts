/** What a request is about, as its method and path tell (apiserver's RequestInfo). */
export interface RequestInfo {
  method: string
  path: string
  query: URLSearchParams
  /** The API's verb for resources (`get`, `list`, `watch`, `create` …), the method in lower case for other paths. */
  verb: string
  isResourceRequest: boolean
  group: string
  version: string
  /** Plural, '' for paths that name no resource (discovery, health). */
  resource: string
  subresource: string
  namespace: string | undefined
  name: string | undefined
  /** What follows a `proxy` subresource in the path, with its slashes. */
  rest: string
}

const NO_QUERY = new URLSearchParams()
/** Subresources of a namespace; any other third segment is a resource in it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])
const METHOD_VERBS: Record<string, string> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** Splits a URL into what the rest of the pipeline asks for. Never throws: what makes no sense is no resource request. */
export function parseRequest(method: string, url: string): RequestInfo {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const info: RequestInfo = {
    method,
    path,
    query: mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1)),
    verb: method.toLowerCase(),
    isResourceRequest: false,
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: undefined,
    name: undefined,
    rest: '',
  }
  const parts = splitPath(path)
  if (parts[0] === 'api' && parts.length >= 3) return resourceInfo(info, '', parts[1]!, parts.slice(2))
  if (parts[0] === 'apis' && parts.length >= 4) {
    return resourceInfo(info, parts[1]!, parts[2]!, parts.slice(3))
  }
  return info
}

/** An escaped slash parts segments as any other, as upstream has it. */
function splitPath(path: string): string[] {
  const parts = (path.includes('%') ? decode(path) : path).split('/')
  if (parts[0] === '') parts.shift()
  if (parts.at(-1) === '') parts.pop()
  return parts
}

/** Bytes that are no UTF-8 become what stands for them. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    const bytes = path.replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(parseInt(digits, 16)))
    return Buffer.from(bytes, 'latin1').toString()
  }
}

/** Whether a URL's path has a % that two hexadecimal digits do not follow. */
export const isMalformed = ({ path }: RequestInfo): boolean =>
  path.includes('%') && /%(?![0-9a-f]{2})/i.test(path)

function resourceInfo(info: RequestInfo, group: string, version: string, parts: string[]): RequestInfo {
  info.isResourceRequest = true
  info.group = group
  info.version = version
  // Other methods have no verb, as upstream.
  info.verb = METHOD_VERBS[info.method] ?? ''
  const isOldWatch = parts[0] === 'watch' && parts.length > 1
  if (isOldWatch) parts.shift()
  if (parts[0] === 'namespaces' && parts.length > 1) {
    info.namespace = parts[1]
    if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2]!)) parts = parts.slice(2)
  }
  info.resource = parts[0] ?? ''
  info.name = parts[1]
  info.subresource = parts[2] ?? ''
  if (parts.length > 3) info.rest = `/${parts.slice(3).join('/')}`
  if (info.path.endsWith('/') && info.subresource === 'proxy') info.rest += '/'
  if (info.name === undefined) collectionVerb(info)
  if (isOldWatch) info.verb = 'watch'
  return info
}

function collectionVerb(info: RequestInfo): void {
  if (info.verb === 'delete') info.verb = 'deletecollection'
  if (info.verb !== 'get') return
  info.verb = isTrue(info.query.get('watch')) ? 'watch' : 'list'
  // A list or watch of one object is authorized as such.
  const selector = info.query.get('fieldSelector')
  const match = selector && /(?:^|,)metadata\.name==?([^,]+)/.exec(selector)
  if (match) info.selectedName = match[1]
}

/** A boolean of the query as upstream reads it: `?watch`, `watch=1` and `watch=true` are true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false'
}

export interface RequestInfo {
  /** The one object that a list or watch selects by `metadata.name=`. */
  selectedName?: string | undefined
}
