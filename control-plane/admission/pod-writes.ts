import { resourceName } from '../../api/kinds/kind.ts'
import type { Container, Pod } from '../../api/kinds/types.ts'
import { forbidden, type StatusError } from '../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'

type Handles = NonNullable<AdmissionPlugin['handles']>

export const isPodCreate: Handles = ({ operation, kind, subresource }) =>
  operation === 'CREATE' && subresource === '' && resourceName(kind) === 'pods'

/** A create or an update of a Pod itself. */
export const isPodWrite: Handles = ({ operation, kind, subresource }) =>
  (operation === 'CREATE' || operation === 'UPDATE') && subresource === '' && resourceName(kind) === 'pods'

export const refusePod = ({ object, name }: AdmissionAttributes, why: string): StatusError =>
  forbidden({ group: '', plural: 'pods' }, object?.metadata.name || name, why)

/** All containers of a Pod with their paths, in upstream's order. */
export function containersOf({ spec }: Pod): [path: string, container: Container][] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap(list =>
    (spec[list] ?? []).map((container, i): [string, Container] => [`spec.${list}[${i}]`, container]),
  )
}
