import type { CronJob } from '../../../api/kinds/types.ts'
import { type FieldError, invalidValue } from '../../../api/meta/status.ts'
import { fillTemplate } from '../pod/template.ts'
import { collect, FINE, fields, nonNegative, type Rule, required, requiredOneOf } from '../rules/check.ts'
import type { Strategy } from '../strategy.ts'
import { isTimeZone, scheduleFault } from './cron-schedule.ts'
import { validateJobTemplate } from './job.ts'

/** Jobs are named after their CronJob and the minute, and the Pods of theirs are labelled so. */
const LONGEST_NAME = 52

export const cronJobStrategy: Strategy<CronJob> = {
  defaults({ spec }) {
    spec.concurrencyPolicy ||= 'Allow' as never
    spec.suspend ??= false
    spec.successfulJobsHistoryLimit ??= 3
    spec.failedJobsHistoryLimit ??= 1
    spec.jobTemplate ??= {}
    spec.jobTemplate.spec ??= {} as never
    spec.jobTemplate.metadata ??= {}
    fillTemplate(spec.jobTemplate.spec as never)
    spec.jobTemplate.spec.template.metadata ??= {}
  },
  validate({ metadata, spec }, old, { subresource }) {
    if (subresource !== '') return []
    const isTooLong = !old && (metadata.name ?? '').length > LONGEST_NAME
    return collect(
      required(schedule(spec as never, old?.spec as never))(spec.schedule, 'spec.schedule'),
      fields({ startingDeadlineSeconds: nonNegative })(spec, 'spec'),
      zoneFaults(spec as never),
      fields({ concurrencyPolicy: requiredOneOf('Allow', 'Forbid', 'Replace') })(spec, 'spec'),
      validateJobTemplate(spec.jobTemplate.spec, 'spec.jobTemplate.spec'),
      fields({ successfulJobsHistoryLimit: nonNegative, failedJobsHistoryLimit: nonNegative })(spec, 'spec'),
      isTooLong && [
        invalidValue('metadata.name', metadata.name, `must be no more than ${LONGEST_NAME} characters`),
      ],
    )
  },
}

interface Timing {
  schedule?: string
  timeZone?: string
}

/** A time zone has a field of its own; in the schedule it is only borne where it was before. */
const schedule =
  (spec: Timing, old: Timing | undefined): Rule<string> =>
  (value, path) => {
    const fault = scheduleFault(value)
    const hasZone = value.includes('TZ')
    const mayHaveZone = old?.schedule?.includes('TZ') === true
    const both = 'cannot use both timeZone field and TZ or CRON_TZ in schedule'
    return collect(
      fault !== undefined && [invalidValue(path, value, fault)],
      hasZone && spec.timeZone && [invalidValue(path, value, both)],
      hasZone &&
        !spec.timeZone &&
        !mayHaveZone && [
          invalidValue(path, value, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'),
        ],
    )
  }

function zoneFaults({ timeZone }: Timing): readonly FieldError[] {
  if (timeZone === undefined) return FINE
  const at = 'spec.timeZone'
  if (timeZone === '') return [invalidValue(at, timeZone, 'timeZone must be nil or non-empty string')]
  if (timeZone.toLowerCase() === 'local') {
    return [
      invalidValue(
        at,
        timeZone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    ]
  }
  return isTimeZone(timeZone) ? FINE : [invalidValue(at, timeZone, `unknown time zone ${timeZone}`)]
}
