import type { ApiObject } from '../../../api/meta/object.ts'

const STANDARD = new Set(['orphan', 'foregroundDeletion', 'openshift.io/origin'])

/** New finalizers of a custom resource should say whose they are: `example.com/name`. */
export function finalizerWarnings({ metadata }: ApiObject, old: ApiObject | undefined): string[] {
  if (!metadata.finalizers) return []
  const before = new Set(old?.metadata.finalizers)
  const added = new Set(metadata.finalizers.filter(name => !before.has(name)))
  return [...added]
    .sort()
    .filter(name => !name.includes('/') && !STANDARD.has(name))
    .map(
      name =>
        `metadata.finalizers: ${JSON.stringify(name)}: prefer a domain-qualified finalizer name${name.includes('.') ? ' including a path (/)' : ''} to avoid accidental conflicts with other finalizer writers`,
    )
}
