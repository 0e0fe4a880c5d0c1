import { Type } from '../language/types.ts'
import { EvaluationError, type Typed } from '../language/values.ts'
import { addAll, addType, type Register } from './types.ts'

const URL_TYPE = new Type('struct', 'kubernetes.URL')

class CelUrl implements Typed {
  readonly type = URL_TYPE
  readonly url: URL
  /** Whether what was given is a path alone. */
  readonly isPath: boolean
  readonly text: string

  constructor(text: string) {
    this.isPath = text.startsWith('/')
    this.text = text
    this.url = new URL(text, this.isPath ? 'path://' : undefined)
  }

  isSame(other: CelUrl): boolean {
    return this.text === other.text
  }

  query(): Map<string, string[]> {
    const found = new Map<string, string[]>()
    for (const [key, value] of this.url.searchParams) found.set(key, [...(found.get(key) ?? []), value])
    return found
  }
}

function parse(text: string): CelUrl {
  if (!isUrl(text))
    throw new EvaluationError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
    )
  return new CelUrl(text)
}

/** An absolute URI or an absolute path. */
function isUrl(text: string): boolean {
  if (text.startsWith('/')) return !/\s/.test(text)
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/\/\S*$/.test(text) && URL.canParse(text)
}

/** Go keeps the host as it was written. */
const authority = ({ text, isPath }: CelUrl): string =>
  isPath ? '' : (/^[^:]+:\/\/(?:[^/?#@]*@)?([^/?#]*)/.exec(text)?.[1] ?? '')

const hostname = (url: CelUrl): string =>
  authority(url)
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')

const escapedPath = ({ text, isPath }: CelUrl): string =>
  (isPath ? text : text.replace(/^[^:]+:\/\/[^/?#]*/, '')).replace(/[?#].*$/, '')

/** Kubernetes' `url(…)`. */
export const registerUrl: Register = environment => {
  const type = URL_TYPE.name
  const scheme = ({ url, isPath }: CelUrl): string => (isPath ? '' : url.protocol.slice(0, -1))
  addType(environment, URL_TYPE)
  addAll(environment, {
    url: { string_to_url: [`(string): ${type}`, parse] },
    isURL: { is_url_string: ['(string): bool', isUrl] },
    getScheme: { url_get_scheme: [`${type}.(): string`, scheme] },
    getHost: { url_get_host: [`${type}.(): string`, authority] },
    getHostname: { url_get_hostname: [`${type}.(): string`, hostname] },
    getPort: {
      url_get_port: [`${type}.(): string`, (url: CelUrl) => /:(\d*)$/.exec(authority(url))?.[1] ?? ''],
    },
    getEscapedPath: { url_get_escaped_path: [`${type}.(): string`, escapedPath] },
    getQuery: { url_get_query: [`${type}.(): map(string, list(string))`, (url: CelUrl) => url.query()] },
  })
}
