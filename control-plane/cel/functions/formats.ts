import { Optional } from '@marcbachmann/cel-js'
import {
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
} from '../../../api/meta/validation.ts'
import { hasFormat } from '../../../api/schema/structural/formats.ts'
import { addAll, addNamespace, addType, type Register } from './types.ts'

type Check = (text: string) => string[]

class NamedFormat {
  readonly name: string
  readonly check: Check

  constructor(name: string, check: Check) {
    this.name = name
    this.check = check
  }
}

/** A name that more will be put behind may end with a dash. */
const prefix =
  (check: Check): Check =>
  text =>
    check(text.replace(/-$/, 'a'))

const ofSchema =
  (format: string): Check =>
  text =>
    hasFormat(text, format) ? [] : [`invalid ${format}`]

const FORMATS: Record<string, Check> = {
  dns1123Label: isDns1123Label,
  dns1123Subdomain: isDns1123Subdomain,
  dns1035Label: isDns1035Label,
  qualifiedName: isQualifiedName,
  dns1123LabelPrefix: prefix(isDns1123Label),
  dns1123SubdomainPrefix: prefix(isDns1123Subdomain),
  dns1035LabelPrefix: prefix(isDns1035Label),
  labelValue: isValidLabelValue,
  uri: ofSchema('uri'),
  uuid: ofSchema('uuid'),
  byte: ofSchema('byte'),
  date: ofSchema('date'),
  datetime: ofSchema('datetime'),
}

/** Kubernetes' `format.…()`. */
export const registerFormats: Register = environment => {
  const type = 'kubernetes.NamedFormat'
  addType(environment, type, NamedFormat, (a, b) => a.name === b.name)
  const formats = new Map(
    Object.entries(FORMATS).map(([name, check]) => [name, new NamedFormat(name, check)]),
  )
  addNamespace(environment, 'format', {
    [`named(string): optional<${type}>`]: (name: string) => Optional.of(formats.get(name)),
    ...Object.fromEntries([...formats].map(([name, format]) => [`${name}(): ${type}`, () => format])),
  })
  addAll(environment, {
    [`${type}.validate(string): optional<list<string>>`]: ({ check }: NamedFormat, text: string) => {
      const faults = check(text)
      return faults.length > 0 ? Optional.of(faults) : Optional.none()
    },
  })
}
