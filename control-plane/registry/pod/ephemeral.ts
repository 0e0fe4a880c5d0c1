import { isDeepStrictEqual } from 'node:util'
import type { Pod } from '../../../api/kinds/types.ts'
import { type FieldError, forbiddenField } from '../../../api/meta/status.ts'
import { annotationUpdateFaults, isMirror } from './annotations.ts'
import { goDiff } from './diff.ts'

/** Of a write to `ephemeralcontainers` only those count. */
export function keepAllButEphemeral(pod: Pod, old: Pod): void {
  const { ephemeralContainers } = pod.spec
  pod.spec = { ...structuredClone(old.spec), ...(ephemeralContainers && { ephemeralContainers }) }
  if (!ephemeralContainers) delete pod.spec.ephemeralContainers
  if (old.status) pod.status = structuredClone(old.status)
}

/** Containers can be added and never be taken away or changed. */
export function validateEphemeralUpdate(pod: Pod, old: Pod): readonly FieldError[] {
  if (isMirror(old.metadata.annotations)) {
    return [forbiddenField('', 'static pods do not support ephemeral containers')]
  }
  const wanted = new Map((pod.spec.ephemeralContainers ?? []).map(container => [container.name, container]))
  const at = 'spec.ephemeralContainers'
  const faults = (old.spec.ephemeralContainers ?? []).flatMap(container => {
    const kept = wanted.get(container.name)
    const what = `existing ephemeral containers ${JSON.stringify(container.name)}`
    if (!kept) return [forbiddenField(at, `${what} may not be removed\n`)]
    if (isDeepStrictEqual(kept, container)) return []
    const diff = goDiff('core.EphemeralContainer', container, kept)
    return [forbiddenField(at, `${what} may not be changed\n${diff}`)]
  })
  return [...annotationUpdateFaults(pod.metadata.annotations, old.metadata.annotations), ...faults]
}
