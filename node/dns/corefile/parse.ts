import { normalizeName, parseZone } from '../wire/names.ts'
import { CorefileError, type Token, tokenize } from './tokens.ts'

/** One line of a plugin's block, or of a server block: a word, what follows on the line, and a block of its own. */
export interface Directive {
  name: string
  args: string[]
  block: Directive[]
  line: number
}

/** The plugins for some zones on one port. */
export interface ServerBlock {
  /** Normalized; '' is the root. */
  zones: string[]
  port: number
  directives: Directive[]
}

const DEFAULT_PORT = 53

/** Reads a Corefile: server blocks with plugins, snippets `(name) { … }` and `import name`. Throws {@link CorefileError}. */
export function parseCorefile(
  text: string,
  environment: Record<string, string | undefined> = {},
): ServerBlock[] {
  const reader = new TokenReader(tokenize(text, environment))
  const snippets = new Map<string, Directive[]>()
  const blocks: ServerBlock[] = []
  while (!reader.isAtEnd) {
    const keys = reader.keys()
    const directives = reader.block(snippets)
    const snippet = /^\((\S+)\)$/.exec(keys[0]!.text)
    if (snippet) snippets.set(snippet[1]!, directives)
    else blocks.push(...serverBlocks(keys, directives))
  }
  return refuseDuplicates(blocks)
}

/** `example.org:53`, `dns://.:5353`, `10.0.0.0/8`, several of them; those with one port share a block. */
function serverBlocks(keys: Token[], directives: Directive[]): ServerBlock[] {
  const zones = new Map<number, string[]>()
  for (const { text, line } of keys.flatMap(splitKey)) {
    const { zone, port } = parseKey(text, line)
    zones.set(port, [...(zones.get(port) ?? []), zone])
  }
  return [...zones].map(([port, names]) => ({ zones: names, port, directives }))
}

const splitKey = ({ text, line }: Token): { text: string; line: number }[] =>
  text
    .split(',')
    .filter(Boolean)
    .map(part => ({ text: part, line }))

function parseKey(key: string, line: number): { zone: string; port: number } {
  const [, scheme, rest = ''] = /^(?:(\w+):\/\/)?(.*)$/.exec(key)!
  if (scheme && scheme !== 'dns') throw new CorefileError(line, `${scheme}:// is not served, only dns://`)
  const match = /^(.*?)(?::(\d+))?$/.exec(rest)!
  const port = match[2] ? Number(match[2]) : DEFAULT_PORT
  if (port < 1 || port > 65_535) throw new CorefileError(line, `port ${port} is not between 1 and 65535`)
  try {
    return { zone: match[1] ? parseZone(match[1]) : '', port }
  } catch (cause) {
    throw new CorefileError(line, (cause as Error).message, { cause })
  }
}

function refuseDuplicates(blocks: ServerBlock[]): ServerBlock[] {
  const seen = new Set<string>()
  for (const { zones, port, directives } of blocks) {
    for (const zone of zones) {
      const id = `${normalizeName(zone) || '.'}:${port}`
      if (seen.has(id)) throw new CorefileError(directives[0]?.line ?? 1, `zone ${id} is served twice`)
      seen.add(id)
    }
  }
  return blocks
}

class TokenReader {
  readonly #tokens: Token[]
  #at = 0

  constructor(tokens: Token[]) {
    this.#tokens = tokens
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length
  }

  /** The words before a server block's brace. */
  keys(): Token[] {
    const keys: Token[] = []
    while (!this.isAtEnd && !isBrace(this.#next, '{')) keys.push(this.#take())
    if (keys.length === 0) throw new CorefileError(this.#next.line, 'a server block needs a zone')
    if (this.isAtEnd) throw new CorefileError(keys.at(-1)!.line, `"{" is missing after ${keys.at(-1)!.text}`)
    return keys
  }

  /** `{`, directives, `}`. */
  block(snippets: Map<string, Directive[]>): Directive[] {
    const open = this.#take()
    const directives: Directive[] = []
    while (!this.isAtEnd && !isBrace(this.#next, '}')) {
      const directive = this.#directive(snippets)
      if (directive.name === 'import') directives.push(...imported(directive, snippets))
      else directives.push(directive)
    }
    if (this.isAtEnd) throw new CorefileError(open.line, '"{" is never closed')
    this.#take()
    return directives
  }

  #directive(snippets: Map<string, Directive[]>): Directive {
    const { text: name, line, isQuoted } = this.#take()
    if (name === '{' && !isQuoted) throw new CorefileError(line, 'a block needs a name in front')
    const args: string[] = []
    let block: Directive[] = []
    while (!this.isAtEnd && this.#next.line === line && !isBrace(this.#next, '}')) {
      if (isBrace(this.#next, '{')) {
        block = this.block(snippets)
        break
      }
      args.push(this.#take().text)
    }
    return { name, args, block, line }
  }

  get #next(): Token {
    return this.#tokens[this.#at]!
  }

  #take(): Token {
    this.#at += 1
    return this.#tokens[this.#at - 1]!
  }
}

const isBrace = (token: Token, brace: '{' | '}'): boolean => token.text === brace && !token.isQuoted

function imported({ args, line }: Directive, snippets: Map<string, Directive[]>): Directive[] {
  const snippet = snippets.get(args[0] ?? '')
  if (!snippet)
    throw new CorefileError(line, `import ${args[0] ?? ''}: there is no snippet of this name above`)
  return snippet
}
