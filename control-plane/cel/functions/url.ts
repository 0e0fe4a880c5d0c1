import { addAll, addType, type Register } from './types.ts'

class CelUrl {
  readonly url: URL
  /** Whether what was given is a path alone. */
  readonly isPath: boolean
  readonly text: string

  constructor(text: string) {
    this.isPath = text.startsWith('/')
    this.text = text
    this.url = new URL(text, this.isPath ? 'path://' : undefined)
  }

  query(): Map<string, string[]> {
    const found = new Map<string, string[]>()
    for (const [key, value] of this.url.searchParams) found.set(key, [...(found.get(key) ?? []), value])
    return found
  }
}

function parse(text: string): CelUrl {
  if (!isUrl(text))
    throw new Error(
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

/** Kubernetes' `url(…)`. */
export const registerUrl: Register = environment => {
  addType(environment, 'kubernetes.URL', CelUrl, (a, b) => a.text === b.text)
  addAll(environment, {
    'url(string): kubernetes.URL': parse,
    'isURL(string): bool': isUrl,
    'kubernetes.URL.getScheme(): string': ({ url, isPath }: CelUrl) =>
      isPath ? '' : url.protocol.slice(0, -1),
    'kubernetes.URL.getHost(): string': authority,
    'kubernetes.URL.getHostname(): string': (url: CelUrl) =>
      authority(url)
        .replace(/:\d*$/, '')
        .replace(/^\[(.*)\]$/, '$1'),
    'kubernetes.URL.getPort(): string': (url: CelUrl) => /:(\d*)$/.exec(authority(url))?.[1] ?? '',
    'kubernetes.URL.getEscapedPath(): string': ({ text, isPath }: CelUrl) =>
      (isPath ? text : text.replace(/^[^:]+:\/\/[^/?#]*/, '')).replace(/[?#].*$/, ''),
    'kubernetes.URL.getQuery(): map<string, list<string>>': (url: CelUrl) => url.query(),
  })
}
