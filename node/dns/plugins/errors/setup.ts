import { CorefileError } from '../../corefile/tokens.ts'
import { expectArgs, parseDuration, unknownProperty } from '../../corefile/values.ts'
import type { SetUp } from '../../setup.ts'
import { createErrors } from './errors.ts'

export const setUp: SetUp = (directive, { log }) => {
  expectArgs(directive, 0, 1)
  const consolidations = directive.block.map(property => {
    if (property.name !== 'consolidate') throw unknownProperty('errors', property)
    expectArgs(property, 2, 3)
    return {
      period: parseDuration(property.args[0]!, property),
      pattern: parsePattern(property.args[1]!, property.line),
    }
  })
  return createErrors(consolidations, log)
}

function parsePattern(text: string, line: number): RegExp {
  try {
    return new RegExp(text)
  } catch (cause) {
    throw new CorefileError(line, `errors: ${(cause as Error).message}`, { cause })
  }
}
