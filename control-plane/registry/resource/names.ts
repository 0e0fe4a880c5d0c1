import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required as requiredError,
  tooLong,
} from '../../../api/meta/status.ts'
import { isValidLabelValue } from '../../../api/meta/validation.ts'
import { cel as language } from '../../cel/lazy.ts'
import { csiDriverName } from '../pod/volumes.ts'
import { collect, FINE, fields, oneOf, type Rule, text } from '../rules/check.ts'
import { labelKey } from '../rules/labels.ts'
import { subdomain } from '../rules/values.ts'

const LONGEST_POOL = 253
const LONGEST_ID = 32
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*'
const cPattern = new RegExp(`^${C_IDENTIFIER}$`)
const C_TEXT = `a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '${C_IDENTIFIER}')`

/** The longest key of an attribute: a domain, a slash and a name. */
export const LONGEST_KEY = 63 + 1 + LONGEST_ID

/** A pool of devices: subdomains between slashes. */
export const poolName: Rule<string | undefined> = (name = '', path) => {
  if (name === '') return [requiredError(path, '')]
  return collect(
    name.length > LONGEST_POOL && [tooLong(path, '', LONGEST_POOL)],
    ...name.split('/').map(part => subdomain(part, path)),
  )
}

const identifier: Rule<string> = (name, path) =>
  collect(
    name.length > LONGEST_ID && [tooLong(path, '', LONGEST_ID)],
    !cPattern.test(name) && [invalidValue(path, name, C_TEXT)],
  )

/** An attribute or a capacity: a C identifier, before it a driver's name and a slash. */
export const qualifiedKey: Rule<string> = (name, path) => {
  if (name === '') return [requiredError(path, 'name required')]
  const slash = name.indexOf('/')
  if (slash < 0) return identifier(name, path)
  const [domain, id] = [name.slice(0, slash), name.slice(slash + 1)]
  const empty = (what: string): FieldError[] => [requiredError(path, `the ${what} must not be empty`)]
  if (id.includes('/')) return FINE
  return collect(
    domain === '' ? empty('domain') : csiDriverName(domain, path),
    id === '' ? empty('name') : identifier(id, path),
  )
}

/** The same with the domain there. */
export const fullKey: Rule<string> = (name, path) => {
  const isBare = name !== '' && !name.includes('/')
  return collect(qualifiedKey(name, path), isBare && [invalidValue(path, name, 'must include a domain')])
}

const labelValue = text(isValidLabelValue)
const effect = oneOf('NoExecute', 'NoSchedule')

export const deviceToleration: Rule = ({ key, operator, value = '', effect: own }, path) =>
  collect(
    key && labelKey(key, `${path}.key`),
    operator === 'Exists'
      ? value !== '' && [invalidValue(`${path}.value`, value, 'must be empty for operator `Exists`')]
      : operator === 'Equal'
        ? labelValue(value, `${path}.value`)
        : operator
          ? oneOf('Equal', 'Exists')(operator, `${path}.operator`)
          : [requiredError(`${path}.operator`, '')],
    fields({ effect })({ effect: own }, path),
  )

const MOST_PARAMETERS = 10 * 1024

/** An object of a driver's own, which only its size says anything of. */
export const rawObject: Rule = (value, path) => {
  if (value === undefined || value === null) return [requiredError(path, '')]
  if (Buffer.byteLength(JSON.stringify(value)) > MOST_PARAMETERS) return [tooLong(path, '', MOST_PARAMETERS)]
  const isObject = typeof value === 'object' && !Array.isArray(value)
  return isObject ? FINE : [invalidValue(path, '<value omitted>', 'must be a valid JSON object')]
}

/** What a driver is told of devices. */
export const configuration: Rule = ({ opaque }, path) =>
  opaque
    ? collect(
        csiDriverName(opaque.driver, `${path}.opaque.driver`),
        rawObject(opaque.parameters, `${path}.opaque.parameters`),
      )
    : [requiredError(`${path}.opaque`, '')]

const MOST_EXPRESSION = 10 * 1024
const MOST_COST = 1_000_000

/** An expression that chooses devices. */
export const selector: Rule = ({ cel }, path) => {
  if (!cel) return [requiredError(`${path}.cel`, '')]
  const { expression = '' } = cel
  const at = `${path}.cel.expression`
  if (Buffer.byteLength(expression) > MOST_EXPRESSION) return [tooLong(at, '', MOST_EXPRESSION)]
  const compiled = language().deviceSelector(expression)
  if ('fault' in compiled) return [invalidValue(at, expression, compiled.fault)]
  return compiled.cost > MOST_COST ? [forbiddenField(at, 'too complex, exceeds cost limit')] : FINE
}

/** Whether a device class, or any of the devices that are claimed, is chosen by expressions. */
export const hasExpressions = (spec: unknown): boolean => JSON.stringify(spec)?.includes('"cel"') ?? false
