import type { PersistentVolumeClaim } from '../../../api/kinds/types.ts'
import { compareQuantity } from '../../../api/meta/quantity.ts'
import { type FieldError, forbiddenField } from '../../../api/meta/status.ts'
import { goDiff } from '../pod/diff.ts'
import { collect, FINE, isSame, unchanged } from '../rules/check.ts'
import type { Strategy } from '../strategy.ts'
import { claimSpec } from './claim-spec.ts'

/** Fills in a claim, or the template of one. */
export function defaultClaim(claim: PersistentVolumeClaim): void {
  claim.spec.volumeMode ??= 'Filesystem'
  claim.status ??= {}
  claim.status.phase ??= 'Pending'
}

export const claimStrategy: Strategy<any> = {
  hasGeneration: false,
  keepStatusOnCreate: true,
  defaults: defaultClaim,
  prepareForCreate(claim) {
    claim.status = { phase: 'Pending' }
    settleSources(claim.spec, undefined)
  },
  prepareForUpdate(claim, old, { subresource }) {
    if (subresource === '') settleSources(claim.spec, old.spec)
  },
  validate(claim, old, { subresource }) {
    if (subresource !== '') return []
    return collect(claimSpec(claim.spec, 'spec'), old && changeFaults(claim, old))
  },
}

/** Kinds that data could come from before there was `dataSourceRef`, by group. */
const OLD_SOURCES: Record<string, string> = {
  PersistentVolumeClaim: '',
  VolumeSnapshot: 'snapshot.storage.k8s.io',
}

/**
 * What is done to the sources of a claim's data: those in other namespaces are behind CrossNamespaceVolumeDataSource, which
 * is off in v1.34; what `dataSource` could never name is forgotten.
 */
function settleSources(spec: any, old: any): void {
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) delete spec.dataSourceRef
  const { kind = '', apiGroup = '' } = spec.dataSource ?? {}
  if (spec.dataSource && !spec.dataSourceRef && !old?.dataSource && OLD_SOURCES[kind] !== apiGroup) {
    delete spec.dataSource
  }
  matchSources(spec)
}

/** Of two fields that say where the data comes from, one fills in the other. */
function matchSources(spec: any): void {
  const { dataSource, dataSourceRef } = spec
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource }
  if (dataSourceRef && !dataSource && !dataSourceRef.namespace) spec.dataSource = { ...dataSourceRef }
}

/** A bound claim can grow and change its class of attributes; nothing else of a claim changes. */
function changeFaults(claim: any, old: any): readonly FieldError[] {
  const masked = structuredClone(claim.spec)
  const stored = structuredClone(old.spec)
  if (!stored.volumeName && masked.volumeName) stored.volumeName = masked.volumeName
  if (stored.storageClassName === undefined && masked.storageClassName !== undefined) {
    stored.storageClassName = masked.storageClassName
  }
  if (claim.status?.phase === 'Bound') {
    if (masked.resources?.requests) masked.resources.requests.storage = stored.resources?.requests?.storage
    masked.volumeAttributesClassName = stored.volumeAttributesClassName
    if (masked.volumeAttributesClassName === undefined) delete masked.volumeAttributesClassName
  }
  const detail =
    'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'
  return collect(
    !isSpecSame(masked, stored) && [
      forbiddenField('spec', `${detail}\n${goDiff('core.PersistentVolumeClaimSpec', stored, masked)}`),
    ],
    sizeFaults(claim, old),
    unchanged('volumeMode', claim.spec.volumeMode, old.spec.volumeMode),
    attributesFaults(claim.spec.volumeAttributesClassName, old),
  )
}

const isSpecSame = (a: Record<string, unknown>, b: Record<string, unknown>): boolean =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every(field => isSame(a[field], b[field]))

/** A request can be taken back down to what there is, never below. */
function sizeFaults(claim: any, old: any): readonly FieldError[] {
  const wanted = claim.spec.resources?.requests?.storage ?? '0'
  const before = old.spec.resources?.requests?.storage ?? '0'
  const there = old.status?.capacity?.storage ?? '0'
  if (compareQuantity(wanted, before) >= 0 || compareQuantity(wanted, there) > 0) return FINE
  return [forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity')]
}

/** A class that has taken effect can be changed for another, and not be taken away. */
function attributesFaults(wanted: string | undefined, { spec, status }: any): readonly FieldError[] {
  if (wanted === spec.volumeAttributesClassName || status?.currentVolumeAttributesClassName === undefined) {
    return FINE
  }
  const refuse = (to: string): readonly FieldError[] => [
    forbiddenField(
      'spec.volumeAttributesClassName',
      `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`,
    ),
  ]
  if (wanted === undefined) return refuse('nil')
  return wanted === '' ? refuse('empty string') : FINE
}
