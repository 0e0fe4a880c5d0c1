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

/** Revisions are 64 bits wide: users may begin anywhere. */
export const revisionOf = ({ metadata }: ReplicaSet): bigint =>
  toRevision(metadata.annotations?.[REVISION_ANNOTATION])

const toRevision = (text = ''): bigint => (/^\d+$/.test(text) ? BigInt(text) : 0n)

export function highestRevision(sets: readonly ReplicaSet[]): bigint {
  const latest = [...sets].sort(byRevision).at(-1)
  return latest ? revisionOf(latest) : 0n
}

/** For sorting, the oldest first. */
export const byRevision = (a: ReplicaSet, b: ReplicaSet): number => {
  const [first, second] = [revisionOf(a), revisionOf(b)]
  return first < second ? -1 : Number(first > second)
}

/**
 * Annotations the set of the present template should have: the Deployment's, and the revision. A set that is rolled
 * back to gets a new revision and remembers the one it had.
 */
export function newSetAnnotations(
  { metadata }: Deployment,
  before: Annotations | undefined,
  revision: bigint,
): Annotations {
  const copied = Object.entries(metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key))
  const annotations = { ...before, ...Object.fromEntries(copied) }
  const old = before?.[REVISION_ANNOTATION]
  if (old !== undefined && toRevision(old) >= revision) return annotations
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
