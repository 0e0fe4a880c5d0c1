import { type FieldError, forbiddenField, invalidValue, required } from '../../../api/meta/status.ts'
import { fillTemplate, templateMetadataFaults, templateUseFaults, validateTemplate } from '../pod/template.ts'
import { collect, FINE, fields, isSame, nonNegative, oneOf, type Rule } from '../rules/check.ts'
import { amount, countOrPercent, label, noMoreThanAll } from '../rules/values.ts'
import { defaultClaim } from '../storage/claim.ts'
import { claimSpec } from '../storage/claim-spec.ts'
import type { Strategy } from '../strategy.ts'
import { selectorFaults } from './selector.ts'

/** What an update may change. */
const CHANGEABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]

export const statefulSetStrategy: Strategy<any> = {
  nameRule: 'label',
  defaults({ spec }) {
    spec.replicas ??= 1
    spec.revisionHistoryLimit ??= 10
    spec.podManagementPolicy ||= 'OrderedReady'
    spec.updateStrategy ??= {}
    spec.updateStrategy.type ||= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.partition ??= 0
    }
    spec.persistentVolumeClaimRetentionPolicy ??= {}
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain'
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain'
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.apiVersion ||= 'v1'
      claim.kind ||= 'PersistentVolumeClaim'
      claim.spec ??= {}
      defaultClaim(claim)
    }
    fillTemplate(spec)
  },
  prepareForCreate: dropMaxUnavailable,
  prepareForUpdate: dropMaxUnavailable,
  validate({ spec }, old, { subresource }) {
    if (subresource !== '') return []
    if (!old) return specFaults(spec, 'all')
    // What was stored before templates were looked at may be changed all the same.
    const isKept = isSame(spec.template, old.spec.template) || specFaults(old.spec, 'template').length > 0
    return collect(specFaults(spec, isKept ? 'rest' : 'template'), changeFaults(spec, old.spec))
  },
}

/** Behind MaxUnavailableStatefulSet, which is off in v1.34. */
function dropMaxUnavailable({ spec }: any): void {
  if (spec.updateStrategy?.rollingUpdate?.maxUnavailable !== undefined) {
    delete spec.updateStrategy.rollingUpdate.maxUnavailable
  }
}

/** How much of a spec is looked at: what cannot change is not held against an update. */
type Extent = 'all' | 'template' | 'rest'

function specFaults(spec: any, extent: Extent): readonly FieldError[] {
  const selected = selectorFaults(spec.selector, spec.template, {
    empty: 'empty selector is invalid for statefulset',
    broken: '',
  })
  return collect(
    managementFaults(spec.podManagementPolicy),
    strategyFaults(spec.updateStrategy, 'spec.updateStrategy'),
    retentionPolicy(spec, 'spec'),
    extent === 'all' && claimFaults(spec.volumeClaimTemplates ?? []),
    rest(spec, 'spec'),
    extent === 'all' && serviceName(spec, 'spec'),
    selected,
    extent !== 'rest' && validateTemplate(madeTemplate(spec), 'spec.template'),
    spec.template && templateMetadataFaults(spec.template, 'spec.template'),
    templateUseFaults(spec.template, 'spec.template', 'StatefulSet'),
  )
}

const claimFaults = (claims: any[]): readonly FieldError[] =>
  claims.flatMap(({ spec = {} }, i) => claimSpec(spec, `spec.volumeClaimTemplates[${i}].spec`))

/** The template as the controller fills it in: with names of its own, and volumes for the claims. */
function madeTemplate({ template, volumeClaimTemplates = [] }: any): any {
  const { subdomain, hostname, ...spec } = template?.spec ?? {}
  if (!template?.spec || !(subdomain || hostname || volumeClaimTemplates.length > 0)) return template
  const names = new Set(volumeClaimTemplates.map(({ metadata }: any) => metadata?.name ?? ''))
  const claimed = [...names].map(name => ({ name, persistentVolumeClaim: { claimName: name } }))
  const others = (spec.volumes ?? []).filter(({ name }: any) => !names.has(name))
  return { ...template, spec: { ...spec, volumes: [...claimed, ...others] } }
}

function managementFaults(policy: string): readonly FieldError[] {
  if (policy === 'OrderedReady' || policy === 'Parallel') return FINE
  return [invalidValue('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'")]
}

const maxUnavailable: Rule<number | string> = (value, path) =>
  collect(
    countOrPercent(value, path),
    amount(value) === 0 && [invalidValue(path, value, 'cannot be 0')],
    noMoreThanAll(value, path),
  )

const rolling = fields({ partition: nonNegative, maxUnavailable })

function strategyFaults(strategy: any, path: string): readonly FieldError[] {
  const { type, rollingUpdate } = strategy
  const at = `${path}.rollingUpdate`
  if (!type) return [required(path, '')]
  if (type === 'OnDelete') {
    const detail = "only allowed for updateStrategy 'RollingUpdate'"
    return rollingUpdate ? [invalidValue(at, rollingUpdate, detail)] : FINE
  }
  if (type !== 'RollingUpdate') return [invalidValue(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")]
  return rollingUpdate ? rolling(rollingUpdate, at) : FINE
}

const retention = oneOf('Retain', 'Delete')
const retentionPolicy = fields({
  persistentVolumeClaimRetentionPolicy: fields({ whenDeleted: retention, whenScaled: retention }),
})
const serviceName = fields({ serviceName: label })
const rest = fields({
  replicas: nonNegative,
  minReadySeconds: nonNegative,
  ordinals: ({ start = 0 }, path) => nonNegative(start, `${path}.start`),
})

function changeFaults(spec: Record<string, unknown>, old: Record<string, unknown>): readonly FieldError[] {
  const names = new Set([...Object.keys(spec), ...Object.keys(old)])
  const isFine = [...names].every(name => CHANGEABLE.includes(name) || isSame(spec[name], old[name]))
  if (isFine) return FINE
  const quoted = CHANGEABLE.map(name => `'${name}'`)
  const list = `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`
  return [forbiddenField('spec', `updates to statefulset spec for fields other than ${list} are forbidden`)]
}
