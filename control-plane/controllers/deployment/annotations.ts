import type { Deployment, ReplicaSet } from '../../../api/kinds/types.ts'
import { DESIRED_ANNOTATION, MAX_ANNOTATION } from './proportional.ts'

export const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision'
const HISTORY = 'deployment.kubernetes.io/revision-history'
const LONGEST_HISTORY = 2_000

/** Annotations of a Deployment that its ReplicaSets do not get. */
const NOT_COPIED = new Set([
  REVISION_ANNOTATION,
  DESIRED_ANNOTATION,
  MAX_ANNOTATION,
  HISTORY,
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
])

type Annotations = Record<string, string>

export const revisionOf = ({ metadata }: ReplicaSet): number =>
  Number(metadata.annotations?.[REVISION_ANNOTATION] ?? 0) || 0

export const highestRevision = (sets: readonly ReplicaSet[]): number => Math.max(0, ...sets.map(revisionOf))

/**
 * Annotations the set of the present template should have: the Deployment's, and the revision. A set that is rolled
 * back to gets a new revision and remembers the one it had.
 */
export function newSetAnnotations(
  { metadata }: Deployment,
  before: Annotations | undefined,
  revision: number,
): Annotations {
  const copied = Object.entries(metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key))
  const annotations = { ...before, ...Object.fromEntries(copied) }
  const old = before?.[REVISION_ANNOTATION]
  if (old !== undefined && Number(old) >= revision) return annotations
  annotations[REVISION_ANNOTATION] = String(revision)
  if (old !== undefined) annotations[HISTORY] = appendHistory(before?.[HISTORY], old)
  return annotations
}

function appendHistory(history: string | undefined, revision: string): string {
  const revisions = history ? history.split(',') : []
  revisions.push(revision)
  while (revisions.length > 1 && revisions.join(',').length > LONGEST_HISTORY) revisions.shift()
  return revisions.join(',')
}
