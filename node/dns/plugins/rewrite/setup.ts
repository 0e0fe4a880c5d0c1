import type { Directive } from '../../corefile/parse.ts'
import { CorefileError } from '../../corefile/tokens.ts'
import type { SetUp } from '../../setup.ts'
import { normalizeName } from '../../wire/names.ts'
import { createRewrite, type RewriteStep } from './rewrite.ts'
import {
  classRule,
  createMatcher,
  isMatcherKind,
  type Matcher,
  type MatcherKind,
  nameRule,
  type Rule,
  ttlRule,
  typeRule,
  withAnswerRule,
} from './rules.ts'

/** The directive's block is all `rewrite` lines of the server block, in their order. */
export const setUp: SetUp = ({ block }) => createRewrite(block.map(parseStep))

/** `rewrite [continue|stop] FIELD …`; a block behind it goes on with the same rule. */
export function parseStep(directive: Directive): RewriteStep {
  const inBlock = directive.block.flatMap(({ name, args }) => [name, ...args])
  const words = [...directive.args, ...inBlock]
  const [mode] = words
  const hasMode = mode === 'continue' || mode === 'stop'
  return { rule: parseRule(hasMode ? words.slice(1) : words, directive), continues: mode === 'continue' }
}

function parseRule([field = '', ...words]: string[], at: Directive): Rule {
  if (field === 'name') return parseNameRule(words, at)
  if (field === 'type' && words.length === 2)
    return typeRule(words[0]!.toUpperCase(), words[1]!.toUpperCase())
  if (field === 'class' && words.length === 2)
    return classRule(words[0]!.toUpperCase(), words[1]!.toUpperCase())
  if (field === 'ttl') return parseTtlRule(words, at)
  throw refuse(at, `cannot rewrite "${field}" (only name, type, class and ttl)`)
}

const refuse = (at: Directive, message: string): CorefileError =>
  new CorefileError(at.line, `rewrite: ${message}`)

/** `[KIND] FROM TO [answer auto | answer name [KIND] FROM TO]`. */
function parseNameRule(words: string[], at: Directive): Rule {
  const { kind, rest } = takeKind(words)
  const [from, to, ...more] = rest
  if (from === undefined || to === undefined) throw refuse(at, 'name needs what to replace and by what')
  const match = matcher(kind, from, to, at)
  // Exact rewrites are turned back by themselves, as clients ignore answers to other names.
  if (more.length === 0) return nameRule(match, true)
  if (more[0] !== 'answer') throw refuse(at, `"${more[0]}" is not understood, expected "answer"`)
  if (more[1] === 'auto') return nameRule(match, true)
  const answer = takeKind(more.slice(more[1] === 'name' ? 2 : 1), 'regex')
  const [answerFrom, answerTo] = answer.rest
  if (answerFrom === undefined || answerTo === undefined) throw refuse(at, 'answer name needs two names')
  return withAnswerRule(nameRule(match, false), matcher(answer.kind, answerFrom, answerTo, at))
}

function takeKind(words: string[], usual: MatcherKind = 'exact'): { kind: MatcherKind; rest: string[] } {
  const [first = ''] = words
  return isMatcherKind(first) ? { kind: first, rest: words.slice(1) } : { kind: usual, rest: words }
}

function matcher(kind: MatcherKind, from: string, to: string, at: Directive): Matcher {
  try {
    return kind === 'regex'
      ? createMatcher(kind, from, to)
      : createMatcher(kind, normalizeName(from), normalizeName(to))
  } catch (cause) {
    throw refuse(at, (cause as Error).message)
  }
}

function parseTtlRule(words: string[], at: Directive): Rule {
  const { kind, rest } = takeKind(words)
  const [from, seconds = ''] = rest
  const match = /^(\d*)(-?)(\d*)$/.exec(seconds)
  if (from === undefined || !match || seconds === '' || seconds === '-') {
    throw refuse(at, 'ttl needs a name and seconds (30, 30-300, 30-, -300)')
  }
  const [, least, dash, most] = match
  const low = least ? Number(least) : 0
  return ttlRule(matcher(kind, from, '', at), low, dash ? (most ? Number(most) : Infinity) : low)
}
