import {
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
} from '../../../api/meta/validation.ts'
import { hasFormat } from '../../../api/schema/structural/formats.ts'
import type { Overloads } from '../language/environment.ts'
import { Type } from '../language/types.ts'
import { Optional, type Typed } from '../language/values.ts'
import { addAll, addType, type Register } from './types.ts'

const FORMAT = new Type('struct', 'kubernetes.NamedFormat')

type Check = (text: string) => string[]

class NamedFormat implements Typed {
  readonly type = FORMAT
  readonly name: string
  readonly check: Check
  /** Characters of the longest pattern it may have to match: what a check costs goes by it. */
  readonly patternSize: number

  constructor(name: string, check: Check, patternSize: number) {
    this.name = name
    this.check = check
    this.patternSize = patternSize
  }

  isSame(other: NamedFormat): boolean {
    return this.name === other.name
  }
}

/** A name that more will be put behind may end with a dash. */
const prefix =
  (check: Check): Check =>
  text =>
    check(text.replace(/-$/, 'a'))

const ofSchema =
  (format: string, fault: string): Check =>
  text =>
    hasFormat(text, format) ? [] : [fault]

const FORMATS: Record<string, [Check, patternSize: number]> = {
  dns1123Label: [isDns1123Label, 30],
  dns1123Subdomain: [isDns1123Subdomain, 60],
  dns1035Label: [isDns1035Label, 30],
  qualifiedName: [isQualifiedName, 60],
  dns1123LabelPrefix: [prefix(isDns1123Label), 30],
  dns1123SubdomainPrefix: [prefix(isDns1123Subdomain), 60],
  dns1035LabelPrefix: [prefix(isDns1035Label), 30],
  labelValue: [isValidLabelValue, 40],
  uri: [
    text => (hasFormat(text, 'uri') ? [] : [`parse ${JSON.stringify(text)}: invalid URI for request`]),
    1025,
  ],
  uuid: [ofSchema('uuid', 'does not match the UUID format'), 68],
  byte: [ofSchema('byte', 'invalid base64'), 84],
  date: [ofSchema('date', 'invalid date'), 82],
  datetime: [ofSchema('datetime', 'invalid datetime'), 82],
}

/** Kubernetes' `format.…()`. */
export const registerFormats: Register = environment => {
  const type = FORMAT.name
  addType(environment, FORMAT)
  const formats = new Map(
    Object.entries(FORMATS).map(([name, [check, size]]) => [name, new NamedFormat(name, check, size)]),
  )
  const constants = [...formats].map(([name, format]): [string, Overloads] => [
    `format.${name}`,
    { [`format.${name}`]: [`(): ${type}`, () => format] },
  ])
  addAll(environment, {
    ...Object.fromEntries(constants),
    'format.named': { 'format-named': [`(string): optional_type(${type})`, named] },
    validate: { 'format-validate': [`${type}.(string): optional_type(list(string))`, validate] },
  })
  function named(name: string): Optional {
    const format = formats.get(name)
    return format ? Optional.of(format) : Optional.NONE
  }
}

function validate({ check }: NamedFormat, text: string): Optional {
  const faults = check(text)
  return faults.length > 0 ? Optional.of(faults) : Optional.NONE
}
