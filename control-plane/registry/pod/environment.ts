import type { EnvVar } from '../../../api/kinds/types.ts'
import { type FieldError, invalidValue, required as requiredError } from '../../../api/meta/status.ts'
import { isConfigMapKey, isDns1123Subdomain, isEnvVarName } from '../../../api/meta/validation.ts'
import { always, collect, each, FINE, fields, type Rule, required, text } from '../rules/check.ts'
import { subdomain } from '../rules/values.ts'
import { ENVIRONMENT_FIELDS, fieldSelector, resourceFieldSelector } from './downward.ts'

const name = text(isEnvVarName)

const keyOfObject = fields({
  name: always((value: string | undefined, path) =>
    isDns1123Subdomain(value ?? '').map(fault => invalidValue(path, value ?? '', fault)),
  ),
  key: required(text(isConfigMapKey)),
})

const SOURCES: Record<string, Rule> = {
  fieldRef: fieldSelector(ENVIRONMENT_FIELDS),
  resourceFieldRef: resourceFieldSelector(false),
  configMapKeyRef: keyOfObject,
  secretKeyRef: keyOfObject,
}
const NO_SOURCE = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'

function sourceFaults({ value, valueFrom }: EnvVar, path: string): readonly FieldError[] {
  if (!valueFrom) return FINE
  const given = Object.keys(SOURCES).filter(field => valueFrom[field as keyof typeof valueFrom])
  const faults = given.flatMap(field =>
    SOURCES[field]!(valueFrom[field as keyof typeof valueFrom], `${path}.${field}`),
  )
  if (given.length === 0) faults.push(invalidValue(path, '', NO_SOURCE))
  else if (value) faults.push(invalidValue(path, '', 'may not be specified when `value` is not empty'))
  else if (given.length > 1) faults.push(invalidValue(path, '', MANY))
  return faults
}

const MANY = 'may not have more than one field specified at a time'

/** A container's variables. */
export const environment: Rule<EnvVar[]> = each((variable, path) =>
  collect(
    variable.name ? name(variable.name, `${path}.name`) : [requiredError(`${path}.name`, '')],
    sourceFaults(variable, `${path}.valueFrom`),
  ),
)

const objectName = fields({ name: required(subdomain) })

/** A container's variables that come from whole objects. That a source is wrong is said of the list, as upstream does. */
export const environmentFrom: Rule = (sources, path) =>
  collect(
    ...sources.map(({ prefix, configMapRef, secretRef }: any, i: number) => {
      const at = `${path}[${i}]`
      return collect(
        prefix && name(prefix, `${at}.prefix`),
        configMapRef && objectName(configMapRef, `${at}.configMapRef`),
        secretRef && objectName(secretRef, `${at}.secretRef`),
        !configMapRef &&
          !secretRef && [invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`')],
        configMapRef && secretRef && [invalidValue(path, '', MANY)],
      )
    }),
  )
