import { CorefileError } from '../../corefile/tokens.ts'
import { unknownProperty } from '../../corefile/values.ts'
import { type SetUp, zonesOr } from '../../setup.ts'
import { parseZone } from '../../wire/names.ts'
import { COMBINED_FORMAT, COMMON_FORMAT, createLog, type LogClass } from './log.ts'

const CLASSES: LogClass[] = ['success', 'denial', 'error', 'all']

/** `log [ZONES...] [FORMAT] { class … }`: the format is the argument with braces in it. */
export const setUp: SetUp = (directive, context) => {
  const { args, block } = directive
  const template = args.find(arg => arg.includes('{'))
  const zones = args.filter(arg => arg !== template).map(parseZone)
  const format = (template ?? COMMON_FORMAT)
    .replaceAll('{common}', COMMON_FORMAT)
    .replaceAll('{combined}', COMBINED_FORMAT)
  const classes = block.flatMap(property => {
    if (property.name !== 'class') throw unknownProperty('log', property)
    return property.args.map(name => {
      if (CLASSES.includes(name as LogClass)) return name as LogClass
      throw new CorefileError(property.line, `log: class "${name}" is none of ${CLASSES.join(', ')}`)
    })
  })
  const rule = {
    zones: zonesOr(zones, context),
    format,
    classes: new Set(classes.length > 0 ? classes : ['all' as const]),
  }
  return createLog([rule], context.log)
}
