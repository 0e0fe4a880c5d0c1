import type { Rcode } from '../../../../plugins/dns.ts'
import type { Directive } from '../../corefile/parse.ts'
import { CorefileError } from '../../corefile/tokens.ts'
import { expectArgs, unknownProperty } from '../../corefile/values.ts'
import { type SetUp, zonesOr } from '../../setup.ts'
import { parseZone } from '../../wire/names.ts'
import { rcodeNumber } from '../../wire/types.ts'
import { createTemplate, type TemplateOptions } from './template.ts'

/** `template CLASS TYPE [ZONES...] { match … answer … }`; see README.md. */
export const setUp: SetUp = (directive, context) => {
  expectArgs(directive, 2, Infinity)
  const [klass, type, ...zones] = directive.args
  const options: TemplateOptions = {
    class: klass!.toUpperCase(),
    type: type!.toUpperCase(),
    zones: zonesOr(zones.map(parseZone), context),
    patterns: [],
    answers: [],
    additionals: [],
    authorities: [],
    rcode: 'NOERROR',
    fallthrough: [],
  }
  for (const property of directive.block) readProperty(property, options)
  if (options.patterns.length === 0) options.patterns.push(/.*/)
  return createTemplate(options)
}

function readProperty(property: Directive, options: TemplateOptions): void {
  const { name, args } = property
  const text = args.join(' ')
  if (name === 'match') options.patterns.push(...args.map(pattern => parsePattern(pattern, property)))
  else if (name === 'answer') options.answers.push(text)
  else if (name === 'additional') options.additionals.push(text)
  else if (name === 'authority') options.authorities.push(text)
  else if (name === 'rcode') options.rcode = parseRcode(property)
  else if (name === 'fallthrough') options.fallthrough = args.length > 0 ? args.map(parseZone) : ['']
  else throw unknownProperty('template', property)
}

/** Go writes a named group `(?P<name>…)`. */
function parsePattern(text: string, { line }: Directive): RegExp {
  try {
    return new RegExp(text.replaceAll('(?P<', '(?<'))
  } catch (cause) {
    throw new CorefileError(line, `template: ${(cause as Error).message}`, { cause })
  }
}

function parseRcode({ args, line }: Directive): Rcode {
  const rcode = args[0]?.toUpperCase() as Rcode
  if (rcodeNumber(rcode) >= 0) return rcode
  throw new CorefileError(line, `template: "${args[0] ?? ''}" is no response code`)
}
