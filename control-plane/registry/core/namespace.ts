import { type FieldError, invalidValue } from '../../../api/meta/status.ts'
import { collect } from '../rules/check.ts'
import { finalizerName } from '../rules/finalizers.ts'

/** What a Namespace may not say; its phase follows its deletion. */
export function namespaceFaults(namespace: any, old: any, subresource: string): readonly FieldError[] {
  const finalizers: string[] = namespace.spec?.finalizers ?? []
  const at = (i: number): string => (subresource === 'finalize' ? `spec.finalizers[${i}]` : 'spec.finalizers')
  return collect(
    (!old || subresource === 'finalize') &&
      finalizers.flatMap((finalizer, i) => finalizerName(finalizer, at(i))),
    subresource === 'status' && phaseFaults(namespace),
  )
}

function phaseFaults({ metadata, status }: any): readonly FieldError[] {
  const phase = status?.phase ?? ''
  const isGoing = metadata.deletionTimestamp !== undefined
  const wanted = isGoing ? 'Terminating' : 'Active'
  if (phase === wanted) return []
  const when = `\`deletionTimestamp\` is ${isGoing ? 'not empty' : 'empty'}`
  return [invalidValue('status.Phase', phase, `may only be '${wanted}' if ${when}`)]
}
