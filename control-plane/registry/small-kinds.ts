import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required as requiredError,
} from '../../api/meta/status.ts'
import { isQualifiedName } from '../../api/meta/validation.ts'
import { tolerations } from './pod/scheduling.ts'
import { collect, FINE, fields, nonNegative, oneOf, type Rule, unchanged } from './rules/check.ts'
import { labels } from './rules/labels.ts'
import { containerResourceName, requirements } from './rules/resources.ts'
import { label } from './rules/values.ts'

const leaseRules = fields({
  leaseDurationSeconds: (value: number, path) =>
    value > 0 ? FINE : [invalidValue(path, value, 'must be greater than 0')],
  leaseTransitions: nonNegative,
  strategy: (value: string, path) =>
    value.includes('/')
      ? isQualifiedName(value).map(fault => invalidValue(`${path}.strategy`, value, fault))
      : oneOf('OldestEmulationVersion')(value, `${path}.strategy`),
})

/** All that is wrong with a Lease. */
export function leaseFaults({ spec }: any): readonly FieldError[] {
  const { preferredHolder, strategy } = spec
  return collect(
    leaseRules(spec, 'spec'),
    preferredHolder &&
      !strategy && [forbiddenField('spec.preferredHolder', 'may only be specified if `strategy` is defined')],
  )
}

const SYSTEM = 'system-'
const SYSTEM_CLASSES: Record<string, number> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}
const MOST_PRIORITY = 1_000_000_000

/** All that is wrong with a PriorityClass; what it is worth is fixed. */
export function priorityClassFaults(priority: any, old: any): readonly FieldError[] {
  const { metadata, value = 0, preemptionPolicy } = priority
  if (old) {
    return collect(
      value !== (old.value ?? 0) && [forbiddenField('value', 'may not be changed in an update.')],
      unchanged('preemptionPolicy', preemptionPolicy, old.preemptionPolicy),
    )
  }
  return collect(
    (metadata.name ?? '').startsWith(SYSTEM)
      ? systemFaults(priority)
      : value > MOST_PRIORITY && [
          forbiddenField('value', `maximum allowed value of a user defined priority is ${MOST_PRIORITY}`),
        ],
    fields({ preemptionPolicy: oneOf('PreemptLowerPriority', 'Never') })(priority, ''),
  )
}

function systemFaults({ metadata: { name }, value = 0, globalDefault = false }: any): readonly FieldError[] {
  const known = SYSTEM_CLASSES[name]
  const why =
    known === undefined
      ? `${name} is not a known system priority class`
      : value !== known
        ? `value of ${name} PriorityClass must be ${known}`
        : globalDefault && `globalDefault of ${name} PriorityClass must be false`
  if (!why) return FINE
  const reserved = `priority class names with '${SYSTEM}' prefix are reserved for system use only.`
  return [forbiddenField('metadata.name', `${reserved} error: ${why}`)]
}

const scheduling = fields({ nodeSelector: labels, tolerations })
const podFixed: Rule = (amounts, path) =>
  requirements({ limits: amounts }, path.replace(/\.podFixed$/, ''), containerResourceName, new Set())

/** All that is wrong with a RuntimeClass; its handler is fixed. */
export function runtimeClassFaults(runtime: any, old: any): readonly FieldError[] {
  if (old) return unchanged('handler', runtime.handler, old.handler)
  return collect(
    label(runtime.handler ?? '', 'handler'),
    runtime.overhead && fields({ podFixed })(runtime.overhead, 'overhead'),
    runtime.scheduling && scheduling(runtime.scheduling, 'scheduling'),
  )
}

const LONGEST = { reportingInstance: 128, action: 128, reason: 128, message: 1024 }

/** Events of before events.k8s.io are of the namespace of what they tell of; newer ones say who tells. */
export function eventFaults(event: any): readonly FieldError[] {
  const { metadata, involvedObject = {}, eventTime } = event
  const other = involvedObject.namespace ?? ''
  const shown = invalidValue('involvedObject.namespace', other, 'does not match event.namespace')
  const homes = eventTime ? ['default', 'kube-system'] : ['default', undefined, '']
  const isAtHome =
    other === '' ? homes.includes(metadata.namespace) : eventTime || other === metadata.namespace
  return collect(!isAtHome && [shown], eventTime && reporterFaults(event))
}

function reporterFaults(event: any): readonly FieldError[] {
  const reporter = event.reportingComponent ?? ''
  const tooLong = Object.entries(LONGEST).flatMap(([field, most]) =>
    (event[field] ?? '').length > most
      ? [invalidValue(field, '', `can have at most ${most} characters`)]
      : [],
  )
  return collect(
    !reporter && [requiredError('reportingController', '')],
    isQualifiedName(reporter).map(fault => invalidValue('reportingController', reporter, fault)),
    ...['reportingInstance', 'action', 'reason'].map(field => !event[field] && [requiredError(field, '')]),
    tooLong,
  )
}

/** A revision of a workload holds what it was; that is fixed. */
export function revisionFaults(revision: any, old: any): readonly FieldError[] {
  return collect(
    revision.data === undefined && [requiredError('data', 'data is mandatory')],
    fields({ revision: nonNegative })(revision, ''),
    old && unchanged('data', revision.data, old.data),
  )
}
