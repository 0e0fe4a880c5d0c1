import { duplicateValue, type FieldError, invalidValue, OMITTED, required } from '../../../api/meta/status.ts'
import { collect, FINE, fields, isSame, nonNegative } from '../rules/check.ts'
import { rangesFault, readRanges } from './index-ranges.ts'

const COUNTS = fields(
  Object.fromEntries(
    ['active', 'succeeded', 'failed', 'ready', 'terminating'].map(name => [name, nonNegative]),
  ),
)
const AT = 'status'
const CONDITIONS = `${AT}.conditions`

/** What of a Job's status the rules look at. */
interface View {
  spec: any
  status: any
  is(condition: string): boolean
  isFinished: boolean
}

function viewOf({ spec, status = {} }: any): View {
  const is = (type: string): boolean =>
    (status.conditions ?? []).some((own: any) => own.type === type && own.status === 'True')
  return { spec, status, is, isFinished: is('Complete') || is('Failed') }
}

const refuse = (isWrong: unknown, detail: string): readonly FieldError[] =>
  isWrong ? [invalidValue(CONDITIONS, OMITTED, detail)] : FINE

/**
 * What a write may not make of a Job's status, whoever manages the Job (KEP-4368). Most rules ask about what the write
 * changes: what was wrong before stays.
 */
export function jobStatusFaults(job: any, before: any): readonly FieldError[] {
  const [now, old] = [viewOf(job), viewOf(before)]
  return collect(
    COUNTS(now.status, AT),
    uncountedFaults(now.status.uncountedTerminatedPods),
    endFaults(now, old),
    finishedFaults(now, old),
    indexFaults(now, old),
    podFaults(now, old),
    successFaults(now),
    changeFaults(now, old),
  )
}

function uncountedFaults({ succeeded = [], failed = [] }: any = {}): readonly FieldError[] {
  const seen = new Set<string>()
  const check = (uids: string[], list: string) =>
    uids.map((uid, i): readonly FieldError[] => {
      const at = `${AT}.uncountedTerminatedPods.${list}[${i}]`
      if (uid === '') return [invalidValue(at, uid, 'must not be empty')]
      if (seen.has(uid)) return [duplicateValue(at, uid)]
      seen.add(uid)
      return FINE
    })
  return collect(...check(succeeded, 'succeeded'), ...check(failed, 'failed'))
}

/** How a Job ends, and when. */
function endFaults(now: View, old: View): readonly FieldError[] {
  const { is, status } = now
  const changes = (...types: string[]): boolean => types.some(type => is(type) !== old.is(type))
  const { completionTime: end, startTime: start } = status
  const isTimed = changes('Complete') || end !== old.status.completionTime
  const at = `${AT}.completionTime`
  const isOrdered = start === old.status.startTime && end === old.status.completionTime
  const isFailureNew = changes('Failed') || status.failedIndexes !== old.status.failedIndexes
  return collect(
    refuse(
      changes('Complete', 'Failed') && is('Complete') && is('Failed'),
      'cannot set Complete=True and Failed=true conditions',
    ),
    refuse(
      changes('Complete', 'FailureTarget') && is('Complete') && is('FailureTarget'),
      'cannot set Complete=True and FailureTarget=true conditions',
    ),
    isTimed &&
      end &&
      !is('Complete') && [
        invalidValue(at, end, 'cannot set completionTime when there is no Complete=True condition'),
      ],
    isTimed && !end && is('Complete') && [required(at, 'completionTime is required for Complete jobs')],
    !isOrdered &&
      start &&
      end &&
      Date.parse(end) < Date.parse(start) && [invalidValue(at, end, 'must be equal to or after `startTime`')],
    refuse(
      isFailureNew && is('Failed') && !is('FailureTarget'),
      'cannot set Failed=True condition without the FailureTarget=true condition',
    ),
    refuse(
      changes('Complete', 'SuccessCriteriaMet') && is('Complete') && !is('SuccessCriteriaMet'),
      'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ),
  )
}

/** A Job that has ended has no Pods left. */
function finishedFaults(now: View, old: View): readonly FieldError[] {
  const { status, spec } = now
  if (!now.isFinished) return FINE
  const isNew = !old.isFinished
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = status
  const isEmpty = spec.suspend === true && spec.completions === 0
  const isUncountedNew = isNew || !isSame(uncounted, old.status.uncountedTerminatedPods)
  const count = (uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length
  const shown = { Succeeded: uncounted?.succeeded ?? null, Failed: uncounted?.failed ?? null }
  return collect(
    (isNew || active !== (old.status.active ?? 0)) &&
      active > 0 && [invalidValue(`${AT}.active`, active, 'active>0 is invalid for finished job')],
    (isNew || startTime !== old.status.startTime) &&
      !isEmpty &&
      !startTime && [required(`${AT}.startTime`, 'startTime is required for finished job')],
    isUncountedNew &&
      count > 0 && [invalidValue(`${AT}.uncountedTerminatedPods`, shown, 'must be empty for finished job')],
  )
}

function indexFaults({ spec, status }: View, old: View): readonly FieldError[] {
  const { completions, backoffLimitPerIndex, completionMode } = spec
  const { completedIndexes: done = '', failedIndexes: failed } = status
  const isDoneNew = done !== (old.status.completedIndexes ?? '')
  const isFailedNew = failed !== old.status.failedIndexes
  const bad = (field: string, value: string, isAsked: boolean): readonly FieldError[] => {
    const fault = isAsked ? rangesFault(value, completions) : undefined
    return fault ? [invalidValue(`${AT}.${field}`, value, `error parsing ${field}: ${fault}`)] : FINE
  }
  const isCounted = completions !== undefined
  return collect(
    bad('completedIndexes', done, isDoneNew && isCounted),
    bad(
      'failedIndexes',
      failed ?? '',
      isFailedNew && isCounted && backoffLimitPerIndex !== undefined && failed !== undefined,
    ),
    isDoneNew &&
      done !== '' &&
      completionMode !== 'Indexed' && [
        invalidValue(
          `${AT}.completedIndexes`,
          done,
          'cannot set non-empty completedIndexes when non-indexed completion mode',
        ),
      ],
    isFailedNew &&
      backoffLimitPerIndex === undefined &&
      failed !== undefined && [
        invalidValue(
          `${AT}.failedIndexes`,
          failed,
          'cannot set non-null failedIndexes when backoffLimitPerIndex is null',
        ),
      ],
    (isFailedNew || isDoneNew) && isCounted && failed ? overlapFaults(done, failed, completions) : FINE,
  )
}

function overlapFaults(done: string, failed: string, completions: number): readonly FieldError[] {
  for (const [first, last] of readRanges(done, completions)) {
    for (const [from, to] of readRanges(failed, completions)) {
      if (first > to || from > last) continue
      const detail = `failedIndexes and completedIndexes overlap at index: ${Math.max(first, from)}`
      return [invalidValue(`${AT}.failedIndexes`, failed, detail)]
    }
  }
  return FINE
}

function podFaults({ status, isFinished }: View, old: View): readonly FieldError[] {
  const { terminating, ready, active = 0 } = status
  const isLeft = isFinished !== old.isFinished || terminating !== old.status.terminating
  const isReadyNew = ready !== old.status.ready || active !== (old.status.active ?? 0)
  return collect(
    isLeft &&
      isFinished &&
      terminating > 0 && [
        invalidValue(`${AT}.terminating`, terminating, 'terminating>0 is invalid for finished job'),
      ],
    isReadyNew &&
      ready > active && [invalidValue(`${AT}.ready`, ready, 'cannot set more ready pods than active')],
  )
}

function successFaults({ is, spec }: View): readonly FieldError[] {
  const isMet = is('SuccessCriteriaMet')
  return collect(
    refuse(isMet && is('Failed'), 'cannot set SuccessCriteriaMet=True and Failed=true conditions'),
    refuse(
      isMet && is('FailureTarget'),
      'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
    ),
    refuse(
      spec.successPolicy && !isMet && is('Complete'),
      'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
    ),
  )
}

const LASTING = ['Failed', 'Complete', 'FailureTarget']

/** What does not go back. */
function changeFaults(now: View, old: View): readonly FieldError[] {
  const { spec, status } = now
  const less = (field: string): boolean => (status[field] ?? 0) < (old.status[field] ?? 0)
  const decreased = (field: string): FieldError[] => [
    invalidValue(`${AT}.${field}`, status[field] ?? 0, `cannot decrease the ${field} counter`),
  ]
  const isElastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism
  const { completionTime: end, startTime: start } = status
  const isResumed =
    old.is('Suspended') &&
    (status.conditions ?? []).some((own: any) => own.type === 'Suspended' && own.status === 'False')
  const isMet = now.is('SuccessCriteriaMet')
  return collect(
    ...LASTING.map(type =>
      refuse(old.is(type) && !now.is(type), `cannot disable the terminal ${type}=True condition`),
    ),
    less('failed') && decreased('failed'),
    !isElastic && less('succeeded') && decreased('succeeded'),
    end &&
      old.status.completionTime &&
      end !== old.status.completionTime && [invalidValue(`${AT}.completionTime`, end, 'field is immutable')],
    old.status.startTime &&
      old.status.startTime !== start &&
      !spec.suspend &&
      !isResumed && [required(`${AT}.startTime`, 'startTime cannot be removed for unsuspended job')],
    refuse(old.is('SuccessCriteriaMet') && !isMet, 'cannot disable the SuccessCriteriaMet=True condition'),
    refuse(
      old.is('Complete') && !old.is('SuccessCriteriaMet') && isMet,
      'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions',
    ),
  )
}
