import type { Owner } from '../../../api/meta/managed-fields/owner.ts'
import { pathTexts } from '../../../api/meta/managed-fields/path-text.ts'
import { applyConflict, type StatusCause, type StatusError } from '../../../api/meta/status.ts'
import type { Conflict } from '../../../api/schema/merge/apply.ts'

/** The 409 that tells an applier whose fields it would take. */
export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const found = conflicts
    .map(({ owner, fields }) => ({ id: idOf(owner), name: nameOf(owner), paths: pathTexts(fields) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const causes = found.flatMap(({ name, paths }) =>
    paths.map(
      (field): StatusCause => ({ reason: 'FieldManagerConflict', message: `conflict with ${name}`, field }),
    ),
  )
  if (causes.length === 1) {
    const [{ name, paths }] = found as [(typeof found)[number]]
    return applyConflict(`Apply failed with 1 conflict: conflict with ${name}: ${paths[0]}`, causes)
  }
  const lines = found.flatMap(({ name, paths }) => [
    `conflicts with ${name}:`,
    ...paths.map(path => `- ${path}`),
  ])
  return applyConflict(`Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`, causes)
}

/** What upstream sorts managers by. */
const idOf = ({ manager, operation, apiVersion, subresource }: Owner): string =>
  JSON.stringify({
    manager,
    operation,
    ...(operation === 'Update' && { apiVersion }),
    ...(subresource && { subresource }),
  })

function nameOf({ manager, operation, apiVersion, subresource }: Owner): string {
  const name =
    JSON.stringify(manager) + (subresource ? ` with subresource ${JSON.stringify(subresource)}` : '')
  return operation === 'Update' ? `${name} using ${apiVersion}` : name
}
