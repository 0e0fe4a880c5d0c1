import type { CustomVersion, JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { isEqual } from '../../../api/meta/equal.ts'
import { isNumber } from '../../../api/meta/json.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { readPath } from '../../../api/meta/path.ts'
import { type FieldError, forbidden, invalidValue } from '../../../api/meta/status.ts'
import { applyDefaults } from '../../../api/schema/structural/default.ts'
import { validateEmbedded } from '../../../api/schema/structural/embedded.ts'
import { validateListTypes } from '../../../api/schema/structural/list-types.ts'
import { validateValue } from '../../../api/schema/structural/validate.ts'
import { cel, loadCel, mentionsRules } from '../../cel/lazy.ts'
import type { RuleValidator } from '../../cel/rule-validator.ts'
import type { Strategy } from '../../registry/strategy.ts'
import { finalizerWarnings } from '../../registry/warnings/finalizers.ts'

export interface CustomStrategyOptions {
  resource: { group: string; plural: string }
  version: CustomVersion
  /** Whether the definition is being deleted: nothing new is made then. */
  isTerminating(): boolean
}

/** The rules that a CustomResourceDefinition makes for one version of its objects. */
export function customStrategy({ resource, version, isTerminating }: CustomStrategyOptions): Strategy {
  const schema = version.schema?.openAPIV3Schema
  const hasRules = mentionsRules(schema)
  const rules = ruleValidator(hasRules ? schema : undefined)
  const hasStatus = version.subresources?.status !== undefined
  /** What was said of objects that broke a rule before and still do. */
  const warned = new WeakMap<ApiObject, string[]>()
  return {
    hasGeneration: true,
    keptMetadata: { status: 'all' },
    allowUnconditionalUpdate: false,
    defaults: object => void applyDefaults(object, schema),
    prepareForCreate({ metadata }) {
      if (isTerminating()) throw forbidden(resource, metadata.name, CREATE_WHILE_TERMINATING)
    },
    prepareForUpdate(object, old) {
      if (!hasStatus && !isEqual(object.status, old.status))
        object.metadata.generation = (old.metadata.generation ?? 0) + 1
    },
    ...(hasRules && { load: loadCel }),
    validate(object, old) {
      const errors = [...validateCustom(object, schema, old), ...validateScale(object, version)]
      const validator = rules()
      if (!validator) return errors
      if (errors.some(isBlocking) || !object.metadata.name) return [...errors, NOT_CHECKED]
      const told: string[] = []
      const broken = validator.validate(object, old, text => told.push(text))
      if (told.length > 0) warned.set(object, told)
      return [...errors, ...broken]
    },
    warnings: (object, old) => [...finalizerWarnings(object, old), ...(warned.get(object) ?? [])],
  }
}

/** The validator of a schema's rules, compiled when the first object is written. */
function ruleValidator(schema: JsonSchemaProps | undefined): () => RuleValidator | undefined {
  if (!schema) return () => undefined
  let validator: RuleValidator | undefined
  return () => {
    validator ??= new (cel().RuleValidator)(schema)
    return validator
  }
}

const BLOCKING = new Set<FieldError['type']>([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])

/** Rules could fail in odd ways on an object that has other shapes than its schema says. */
const isBlocking = ({ type }: FieldError): boolean => BLOCKING.has(type)

const NOT_CHECKED = invalidValue(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
)

const CREATE_WHILE_TERMINATING = 'create not allowed while custom resource definition is terminating'

function validateCustom(
  object: ApiObject,
  schema: JsonSchemaProps | undefined,
  old: ApiObject | undefined,
): FieldError[] {
  if (!schema) return []
  const errors = [...validateValue(object, schema, '', old), ...validateEmbedded(object, schema)]
  const listErrors = validateListTypes(object, schema, '')
  const isOld = listErrors.length > 0 && old !== undefined && validateListTypes(old, schema, '').length > 0
  return isOld ? errors : [...errors, ...listErrors]
}

const MOST_REPLICAS = 2 ** 31 - 1

function validateScale(object: ApiObject, { subresources }: CustomVersion): FieldError[] {
  const { scale } = subresources ?? {}
  if (!scale) return []
  return [scale.specReplicasPath, scale.statusReplicasPath].flatMap(path => {
    const replicas = readPath(object, path)
    if (!isNumber(replicas)) return []
    if (replicas < 0) return [invalidValue(path, replicas, 'should be a non-negative integer')]
    if (replicas <= MOST_REPLICAS) return []
    return [invalidValue(path, replicas, `should be less than or equal to ${MOST_REPLICAS}`)]
  })
}
