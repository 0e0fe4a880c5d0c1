import { Type } from '../language/types.ts'
import { EvaluationError, type Typed } from '../language/values.ts'
import { addAll, addType, type Register } from './types.ts'

const URL_TYPE = new Type('struct', 'kubernetes.URL')

/** A URL in the parts that Go takes it apart into. */
class CelUrl implements Typed {
  readonly type = URL_TYPE
  readonly text: string
  readonly scheme: string
  /** With its port, as it was written. */
  readonly host: string
  readonly path: string
  readonly query: string

  constructor(text: string) {
    const [, scheme = '', rest = ''] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(.*)$/s.exec(text)!
    const [before, query = ''] = splitOnce(splitOnce(rest, '#')[0]!, '?')
    const authority = /^\/\/([^/]*)/.exec(before!)
    this.text = text
    this.scheme = scheme.toLowerCase()
    this.host = authority ? authority[1]!.replace(/^.*@/, '') : ''
    this.path = before!.startsWith('/') ? before!.slice(authority?.[0].length ?? 0) : ''
    this.query = query
  }

  isSame(other: CelUrl): boolean {
    return this.text === other.text
  }
}

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

const HOST = /^(\[[0-9A-Fa-f:.]+(%25[^\]]+)?\]|[^\s"<>[\]^`{|}\\]*?)(:\d*)?$/

/** What Go's parser of absolute URIs and paths says of a text; undefined when it takes it. */
function faultOf(text: string): string | undefined {
  if (text === '') return 'empty url'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Go refuses them
  if (/[\x00-\x1f\x7f]/.test(text)) return 'net/url: invalid control character in URL'
  if (text.startsWith(':')) return 'missing protocol scheme'
  const [, scheme, rest] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(.*)$/s.exec(text) as unknown as [
    string,
    string?,
    string?,
  ]
  if (!rest?.startsWith('/')) return scheme ? undefined : 'invalid URI for request'
  const [authority] = /^\/\/[^/?]*/.exec(scheme ? rest : '') ?? ['']
  const host = authority.slice(2).replace(/^.*@/, '')
  if (/:[^:\]]*[^\d:\]][^:\]]*$/.test(host))
    return `invalid port "${host.slice(host.lastIndexOf(':'))}" after host`
  if (!HOST.test(host))
    return `invalid character ${JSON.stringify(/[\s"<>[\]^`{|}\\]/.exec(host)?.[0] ?? '')} in host name`
  const wrong = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(splitOnce(rest, '?')[0]!)
  return wrong ? `invalid URL escape "${wrong[0]}"` : undefined
}

function parse(text: string): CelUrl {
  const fault = faultOf(text)
  if (fault !== undefined)
    throw new EvaluationError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: ${fault}`,
    )
  return new CelUrl(text)
}

const hostname = ({ host }: CelUrl): string => host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')

const isEncoded = (path: string): boolean => /^[A-Za-z0-9\-._~!$&'()*+,;=:@[\]%/]*$/.test(path)

const escapedPath = ({ path }: CelUrl): string =>
  isEncoded(path) ? path : encodeURI(decodeURIComponent(path)).replace(/[?#]/g, encodeURIComponent)

/** Values by their keys; a pair with a semicolon is none. */
function query({ query: text }: CelUrl): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const pairs = text.split('&').filter(pair => pair !== '' && !pair.includes(';'))
  for (const [key, value] of new URLSearchParams(pairs.join('&')))
    found.set(key, [...(found.get(key) ?? []), value])
  return found
}

/** Kubernetes' `url(…)`. */
export const registerUrl: Register = environment => {
  const type = URL_TYPE.name
  addType(environment, URL_TYPE)
  addAll(environment, {
    url: { string_to_url: [`(string): ${type}`, parse] },
    isURL: { is_url_string: ['(string): bool', (text: string) => faultOf(text) === undefined] },
    getScheme: { url_get_scheme: [`${type}.(): string`, ({ scheme }: CelUrl) => scheme] },
    getHost: { url_get_host: [`${type}.(): string`, ({ host }: CelUrl) => host] },
    getHostname: { url_get_hostname: [`${type}.(): string`, hostname] },
    getPort: { url_get_port: [`${type}.(): string`, ({ host }: CelUrl) => /:(\d*)$/.exec(host)?.[1] ?? ''] },
    getEscapedPath: { url_get_escaped_path: [`${type}.(): string`, escapedPath] },
    getQuery: { url_get_query: [`${type}.(): map(string, list(string))`, query] },
  })
}
