import type { ApiObject, ObjectMeta, OwnerReference } from '../../../api/meta/object.ts'
import { type FieldError, forbiddenField, invalidValue, required } from '../../../api/meta/status.ts'
import {
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isPathSegmentName,
  isQualifiedName,
} from '../../../api/meta/validation.ts'
import { metadataChecks } from '../../registry/metadata-checks.ts'
import { collect } from '../../registry/rules/check.ts'
import { standardFinalizer } from '../../registry/rules/finalizers.ts'
import { annotations, labels } from '../../registry/rules/labels.ts'
import type { Strategy } from '../../registry/strategy.ts'
import type { Resource } from '../kind-registry.ts'

const NAME_RULES = {
  subdomain: isDns1123Subdomain,
  label: isDns1123Label,
  label1035: isDns1035Label,
  'path-segment': isPathSegmentName,
  any: (): string[] => [],
} as const

const ORPHAN = 'orphan'
const FOREGROUND = 'foregroundDeletion'

/** What is wrong with a new object's metadata, in upstream's words and order. */
export function validateMetadata(resource: Resource, { metadata }: ApiObject): readonly FieldError[] {
  const faults = wholeFaults(resource, metadata, resource.strategy.nameRule)
  if (!metadata.finalizers?.length || !metadataChecks(resource.kind).hasStandardFinalizers) return faults
  return [...faults, ...unusualFinalizers(metadata)]
}

function wholeFaults(
  resource: Resource,
  metadata: ObjectMeta,
  nameRule: Strategy['nameRule'],
): readonly FieldError[] {
  return collect(
    validateName(nameRule, metadata),
    validateNamespace(resource, metadata),
    metadata.generation! < 0 && [
      invalidValue('metadata.generation', metadata.generation, 'must be greater than or equal to 0'),
    ],
    describedFaults(metadata),
    metadata.finalizers && validateFinalizers(metadata.finalizers),
  )
}

/** Faults of what may be changed any time. */
const describedFaults = (metadata: ObjectMeta): readonly FieldError[] =>
  collect(
    metadata.labels && labels(metadata.labels, 'metadata.labels'),
    metadata.annotations && annotations(metadata.annotations, 'metadata.annotations'),
    metadata.ownerReferences && validateOwners(metadata.ownerReferences),
  )

const unusualFinalizers = ({ finalizers = [] }: ObjectMeta): FieldError[] =>
  finalizers.flatMap((name, i) => standardFinalizer(name, `metadata.finalizers[${i}]`))

/** The end of a prefix is no end: a dash there will be followed by letters. */
const masked = (prefix: string): string =>
  prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix

function prefixFaults(nameRule: Strategy['nameRule'], { generateName }: ObjectMeta): readonly FieldError[] {
  if (!generateName) return []
  const isSegment = nameRule === 'path-segment' || nameRule === 'any'
  const rule = NAME_RULES[nameRule ?? 'subdomain']
  return rule(isSegment ? generateName : masked(generateName)).map(fault =>
    invalidValue('metadata.generateName', generateName, fault),
  )
}

function validateName(nameRule: Strategy['nameRule'], metadata: ObjectMeta): readonly FieldError[] {
  const { name } = metadata
  const rule = NAME_RULES[nameRule ?? 'subdomain']
  if (name && typeof name !== 'string') return [invalidValue('metadata.name', name, 'must be a string')]
  return collect(
    prefixFaults(nameRule, metadata),
    name
      ? rule(name).map(fault => invalidValue('metadata.name', name, fault))
      : [required('metadata.name', 'name or generateName is required')],
  )
}

function validateNamespace({ kind }: Resource, { namespace }: ObjectMeta): FieldError[] {
  if (!kind.namespaced) {
    return namespace ? [forbiddenField('metadata.namespace', 'not allowed on this type')] : []
  }
  if (!namespace) return [required('metadata.namespace', '')]
  return isDns1123Label(namespace).map(fault => invalidValue('metadata.namespace', namespace, fault))
}

function validateFinalizers(finalizers: readonly string[]): readonly FieldError[] {
  const at = 'metadata.finalizers'
  const isBoth = finalizers.includes(ORPHAN) && finalizers.includes(FOREGROUND)
  const both = `finalizer ${ORPHAN} and ${FOREGROUND} cannot be both set`
  return collect(
    ...finalizers.map(name => isQualifiedName(name).map(fault => invalidValue(at, name, fault))),
    isBoth && [invalidValue(at, finalizers, both)],
  )
}

/** Faults stand at the list, as upstream has them. */
function validateOwners(owners: readonly OwnerReference[]): readonly FieldError[] {
  const at = 'metadata.ownerReferences'
  const faults: FieldError[] = []
  let first: OwnerReference | undefined
  for (const owner of owners) {
    faults.push(...ownerFaults(owner, at))
    if (!owner.controller) continue
    if (first) {
      const found = `Found "true" in references for ${first.kind}/${first.name} and ${owner.kind}/${owner.name}`
      const detail = `Only one reference can have Controller set to true. ${found}`
      faults.push(invalidValue(at, owners, detail))
    } else first = owner
  }
  return faults
}

function ownerFaults(owner: OwnerReference, at: string): readonly FieldError[] {
  const { apiVersion = '', kind = '', name = '', uid = '' } = owner
  const empty = (field: string): FieldError[] => [invalidValue(`${at}.${field}`, '', 'must not be empty')]
  const isVersioned = /^([^/]*\/)?[^/]+$/.test(apiVersion)
  return collect(
    !isVersioned && [invalidValue(`${at}.apiVersion`, apiVersion, 'version must not be empty')],
    !kind && empty('kind'),
    !name && empty('name'),
    !uid && empty('uid'),
    apiVersion === 'v1' &&
      kind === 'Event' && [invalidValue(at, owner, '/v1, Kind=Event is disallowed from being an owner')],
  )
}

/**
 * What is wrong with an updated object's metadata. Upstream looks at all of it for each kind alike, and once more in the rules
 * of most kinds: what is wrong has as many causes there.
 */
export function validateMetadataUpdate(
  resource: Resource,
  { metadata }: ApiObject,
  old: ApiObject,
  subresource: string,
): readonly FieldError[] {
  const whole = wholeFaults(resource, metadata, 'path-segment')
  const changed = changedFaults(metadata, old.metadata, whole.length > 0)
  const isFine = whole.length + changed.length === 0
  if (isFine && !metadata.finalizers?.length && metadata.generateName === old.metadata.generateName) {
    return whole
  }
  const { kind, strategy } = resource
  const { hasStandardFinalizers, onUpdate, onStatus } = metadataChecks(kind)
  const unusual = hasStandardFinalizers ? unusualFinalizers(metadata) : []
  const own = {
    M: () => [
      ...(isFine
        ? prefixFaults(strategy.nameRule, metadata)
        : wholeFaults(resource, metadata, strategy.nameRule)),
      ...unusual,
    ],
    U: () => [...changed, ...unusual],
  }
  const again = [...(subresource === 'status' ? onStatus : onUpdate)] as ('M' | 'U')[]
  return [...whole, ...changed, ...again.flatMap(look => own[look]())]
}

/** What is said of a field that no update may change. */
const IMMUTABLE = 'field is immutable'
const FIXED = ['uid', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const

function changedFaults(metadata: ObjectMeta, old: ObjectMeta, hasFaults: boolean): readonly FieldError[] {
  return collect(
    old.deletionTimestamp && newFinalizers(metadata, old),
    FIXED.filter(field => metadata[field] !== old[field]).map(field =>
      invalidValue(`metadata.${field}`, metadata[field], IMMUTABLE),
    ),
    hasFaults && describedFaults(metadata),
  )
}

/** The end of an object may not be put off any more. */
function newFinalizers(metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  const before = new Set(old.finalizers)
  const added = [...new Set(metadata.finalizers)].filter(name => !before.has(name)).sort()
  if (added.length === 0) return []
  const found = `[]string{${added.map(name => JSON.stringify(name)).join(', ')}}`
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${found}`
  return [forbiddenField('metadata.finalizers', detail)]
}
