import type { CustomNames, CustomResourceDefinition } from '../../../api/kinds/apiextensions.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../../api/meta/status.ts'
import { isDns1035Label, isDns1123Subdomain } from '../../../api/meta/validation.ts'
import { APPROVAL, approvalOf, invalidApproval, isProtectedGroup, MISSING_APPROVAL } from './approval.ts'
import { isConditionTrue } from './conditions.ts'
import { toleratedOf } from './ratchet.ts'
import { validateConversion } from './validate-conversion.ts'
import { validateVersions, validateWhole } from './validate-versions.ts'

/** All that is wrong with a new definition. */
export function validateDefinition(definition: CustomResourceDefinition): FieldError[] {
  return [
    ...validateName(definition),
    ...validateSpec(definition),
    ...validateStoredVersions(definition),
    ...validateApproval(definition, undefined),
  ]
}

export function validateDefinitionUpdate(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition,
): FieldError[] {
  return [
    ...validateName(definition),
    ...validateSpec(definition, old),
    ...validateImmutable(definition, old),
    ...validateDefinitionStatus(definition),
    ...validateStoredVersions(definition),
    ...validateApproval(definition, old),
  ]
}

/** What is wrong with the status of a definition: its spec is not looked at when only that is written. */
export const validateDefinitionStatus = ({ status }: CustomResourceDefinition): FieldError[] =>
  validateNames(status?.acceptedNames ?? {}, 'status.acceptedNames')

function validateName({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  if (!metadata.name || metadata.name === `${spec.names?.plural ?? ''}.${spec.group ?? ''}`) return []
  return [invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')]
}

function validateSpec({ spec }: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  const update = old && { old, tolerated: toleratedOf(old) }
  return [
    ...validateGroup(spec.group),
    ...validateScope(spec.scope),
    ...validatePreserving(spec.preserveUnknownFields),
    ...validateVersions(spec.versions, update),
    ...validateRequiredNames(spec.names ?? {}),
    ...validateNames(spec.names ?? {}, 'spec.names'),
    ...validateWhole(spec.versions ?? [], update),
    ...validateConversion(spec.conversion, old),
  ]
}

function validateGroup(group: string | undefined): FieldError[] {
  if (!group) return [required('spec.group', '')]
  const faults = isDns1123Subdomain(group)
  if (faults.length > 0) return [invalidValue('spec.group', group, faults.join(','))]
  return group.includes('.')
    ? []
    : [invalidValue('spec.group', group, 'should be a domain with at least one dot')]
}

function validateScope(scope: string | undefined): FieldError[] {
  if (!scope) return [required('spec.scope', '')]
  const known = ['Cluster', 'Namespaced']
  return known.includes(scope) ? [] : [notSupported('spec.scope', scope, known)]
}

function validatePreserving(preserves: boolean | undefined): FieldError[] {
  if (!preserves) return []
  const detail =
    'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
  return [invalidValue('spec.preserveUnknownFields', true, detail)]
}

function validateRequiredNames(names: Partial<CustomNames>): FieldError[] {
  return (['plural', 'singular', 'kind', 'listKind'] as const)
    .filter(field => !names[field])
    .map(field => required(`spec.names.${field}`, ''))
}

const label = (path: string, name: string): FieldError[] => {
  const faults = isDns1035Label(name)
  return faults.length > 0 ? [invalidValue(path, name, faults.join(','))] : []
}

const labelIfAny = (path: string, name: string | undefined): FieldError[] => (name ? label(path, name) : [])

/** Kinds are labels but for their capitals. */
const mixedCase = (path: string, name: string | undefined): FieldError[] => {
  const faults = name ? isDns1035Label(name.toLowerCase()) : []
  if (faults.length === 0) return []
  return [invalidValue(path, name, `may have mixed case, but should otherwise match: ${faults.join(',')}`)]
}

function validateNames(names: Partial<CustomNames>, path: string): FieldError[] {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names
  const isAmbiguous = kind && kind === listKind
  return [
    ...labelIfAny(`${path}.plural`, plural),
    ...labelIfAny(`${path}.singular`, singular),
    ...mixedCase(`${path}.kind`, kind),
    ...mixedCase(`${path}.listKind`, listKind),
    ...shortNames.flatMap((name, i) => label(`${path}.shortNames[${i}]`, name)),
    ...(isAmbiguous
      ? [invalidValue(`${path}.listKind`, listKind, 'kind and listKind may not be the same')]
      : []),
    ...categories.flatMap((name, i) => label(`${path}.categories[${i}]`, name)),
  ]
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition): FieldError[] {
  const stored = status?.storedVersions ?? []
  const path = 'status.storedVersions'
  if (stored.length === 0)
    return [invalidValue(path, status?.storedVersions, 'must have at least one stored version')]
  const versions = spec.versions ?? []
  const errors: FieldError[] = []
  for (const { name, storage } of versions) {
    if (storage && !stored.includes(name))
      errors.push(invalidValue(path, stored, `must have the storage version ${name}`))
  }
  for (const [i, name] of stored.entries())
    if (!versions.some(version => version.name === name))
      errors.push(invalidValue(`${path}[${i}]`, name, missingVersion(name)))
  return errors
}

const missingVersion = (name: string): string =>
  `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`

function validateImmutable({ spec }: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = []
  const keep = (path: string, value: unknown, before: unknown): void => {
    if (value !== before) errors.push(invalidValue(path, value, 'field is immutable'))
  }
  if (isConditionTrue(old, 'Established')) {
    keep('spec.scope', spec.scope, old.spec.scope)
    keep('spec.names.kind', spec.names?.kind ?? '', old.spec.names.kind)
  }
  keep('spec.group', spec.group, old.spec.group)
  keep('spec.names.plural', spec.names?.plural ?? '', old.spec.names.plural)
  return errors
}

function validateApproval(
  { metadata, spec }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  if (!isProtectedGroup(spec.group ?? '')) return []
  const annotation = metadata.annotations?.[APPROVAL]
  if (old && old.metadata.annotations?.[APPROVAL] === annotation) return []
  const path = `metadata.annotations[${APPROVAL}]`
  switch (approvalOf(annotation)) {
    case 'missing':
      return [required(path, MISSING_APPROVAL)]
    case 'invalid':
      return [invalidValue(path, annotation, invalidApproval())]
    default:
      return []
  }
}
