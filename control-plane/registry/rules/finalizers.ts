import { invalidValue } from '../../../api/meta/status.ts'
import { isQualifiedName } from '../../../api/meta/validation.ts'
import { FINE, type Rule } from './check.ts'

const STANDARD = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

/** Finalizers of Kubernetes' own kinds have a domain, but for three old ones. */
export const standardFinalizer: Rule<string> = (name, path) =>
  name.includes('/') || STANDARD.has(name)
    ? FINE
    : [invalidValue(path, name, 'name is neither a standard finalizer name nor is it fully qualified')]

/** A finalizer of a Namespace's spec. */
export const finalizerName: Rule<string> = (name, path) => [
  ...isQualifiedName(name).map(fault => invalidValue(path, name, fault)),
  ...standardFinalizer(name, path),
]
