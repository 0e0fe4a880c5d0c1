import type { ApiObject, ObjectMeta } from '../../../api/meta/object.ts'
import { type FieldError, forbiddenField, invalidValue, required, tooLong } from '../../../api/meta/status.ts'
import {
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isPathSegmentName,
  isQualifiedName,
  isValidLabelValue,
} from '../../../api/meta/validation.ts'
import type { Resource } from '../kind-registry.ts'

const NAME_RULES = {
  subdomain: isDns1123Subdomain,
  label: isDns1123Label,
  label1035: isDns1035Label,
  'path-segment': isPathSegmentName,
  any: (): string[] => [],
} as const

/** Total size of annotations, keys and values (upstream's TotalAnnotationSizeLimitB). */
const MOST_ANNOTATIONS = 256 * 1024

/** What is wrong with an object's metadata, in upstream's words. */
export function validateMetadata(resource: Resource, { metadata }: ApiObject): FieldError[] {
  return [
    ...validateName(resource, metadata),
    ...validateNamespace(resource, metadata),
    ...validateLabels('metadata.labels', metadata.labels),
    ...validateAnnotations(metadata.annotations),
    ...validateFinalizers(metadata.finalizers),
    ...validateOwners(metadata),
  ]
}

function validateName({ strategy }: Resource, { name, generateName }: ObjectMeta): FieldError[] {
  const rule = NAME_RULES[strategy.nameRule ?? 'subdomain']
  if (!name) {
    if (generateName)
      return rule(`${generateName}x`).map(fault => invalidValue('metadata.generateName', generateName, fault))
    return [required('metadata.name', 'name or generateName is required')]
  }
  if (typeof name !== 'string') return [invalidValue('metadata.name', name, 'must be a string')]
  return rule(name).map(fault => invalidValue('metadata.name', name, fault))
}

function validateNamespace({ kind }: Resource, { namespace }: ObjectMeta): FieldError[] {
  if (!kind.namespaced) {
    return namespace ? [forbiddenField('metadata.namespace', 'not allowed on this type')] : []
  }
  if (!namespace) return [required('metadata.namespace', '')]
  return isDns1123Label(namespace).map(fault => invalidValue('metadata.namespace', namespace, fault))
}

/** Faults of a map of labels at a path. */
export function validateLabels(path: string, labels: Record<string, string> | undefined): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...isQualifiedName(key).map(fault => invalidValue(path, key, fault)),
    ...isValidLabelValue(value).map(fault => invalidValue(path, value, fault)),
  ])
}

function validateAnnotations(annotations: Record<string, string> = {}): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const [key, value] of Object.entries(annotations)) {
    for (const fault of isQualifiedName(key.toLowerCase())) {
      errors.push(invalidValue('metadata.annotations', key, fault))
    }
    size += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (size > MOST_ANNOTATIONS) errors.push(tooLong('metadata.annotations', '', MOST_ANNOTATIONS))
  return errors
}

function validateFinalizers(finalizers: readonly string[] = []): FieldError[] {
  return finalizers.flatMap(finalizer =>
    isQualifiedName(finalizer).map(fault => invalidValue('metadata.finalizers', finalizer, fault)),
  )
}

function validateOwners({ ownerReferences = [] }: ObjectMeta): FieldError[] {
  const errors: FieldError[] = []
  ownerReferences.forEach((owner, i) => {
    const path = `metadata.ownerReferences[${i}]`
    if (!owner.apiVersion) errors.push(invalidValue(`${path}.apiVersion`, '', 'version must not be empty'))
    if (!owner.kind) errors.push(invalidValue(`${path}.kind`, '', 'must not be empty'))
    if (!owner.name) errors.push(invalidValue(`${path}.name`, '', 'must not be empty'))
    if (!owner.uid) errors.push(invalidValue(`${path}.uid`, '', 'must not be empty'))
  })
  const controllers = ownerReferences.filter(owner => owner.controller)
  if (controllers.length > 1) {
    const [first, second] = controllers
    errors.push(
      invalidValue(
        'metadata.ownerReferences',
        ownerReferences,
        `Only one reference can have Controller set to true. Found "true" in references for ${first!.kind}/${first!.name} and ${second!.kind}/${second!.name}`,
      ),
    )
  }
  return errors
}

/** What an update changed that may not change. */
export function validateMetadataUpdate({ metadata }: ApiObject, old: ApiObject): FieldError[] {
  if (!old.metadata.deletionTimestamp) return []
  const before = new Set(old.metadata.finalizers)
  const added = (metadata.finalizers ?? []).filter(finalizer => !before.has(finalizer))
  if (added.length === 0) return []
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map(f => JSON.stringify(f)).join(', ')}}`
  return [forbiddenField('metadata.finalizers', detail)]
}
