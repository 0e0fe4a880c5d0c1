import test from 'ava'
import { scheduleFault } from '../../../../control-plane/registry/batch/cron-schedule.ts'
import { strategies } from '../../../../control-plane/registry/strategies.ts'
import { accepted, faultsOf, filled, refused } from '../../../helpers/rules.ts'

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }
const job = (spec: object = {}) => ({
  metadata: { name: 'j', namespace: 'default', uid: 'u-1' },
  spec: { template, ...spec },
})
const cron = (spec: object = {}) => ({
  metadata: { name: 'c', namespace: 'default' },
  spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template } }, ...spec },
})

test(accepted, 'a plain Job', 'jobs.batch', job())
test(
  refused,
  'a Job whose Pods always restart',
  'jobs.batch',
  job({ template: { spec: { containers: template.spec.containers } } }),
  'spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never"',
)
test(refused, 'numbers below zero', 'jobs.batch', job({ parallelism: -1, backoffLimit: -1 }), [
  'spec.parallelism: Invalid value: -1: must be greater than or equal to 0',
  'spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0',
])
test(
  refused,
  'an indexed Job without a number of indexes',
  'jobs.batch',
  job({ completionMode: 'Indexed', parallelism: 2 }),
  'spec.completions: Required value: when completion mode is Indexed',
)
test(
  refused,
  'a failure policy that names no container and no action',
  'jobs.batch',
  job({
    podFailurePolicy: { rules: [{ onExitCodes: { operator: 'In', values: [0, 1, 1], containerName: 'x' } }] },
  }),
  [
    'spec.podFailurePolicy.rules[0].action: Required value: valid values: "Count", "FailIndex", "FailJob", "Ignore"',
    'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template',
    'spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator',
    'spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 1',
  ],
)

test('a Job gets a selector of its own, and its Pods the labels', t => {
  const made = filled('jobs.batch', job()) as any
  strategies['jobs.batch']!.prepareForCreate!(made, {} as never)
  t.deepEqual(made.spec.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } })
  t.deepEqual(made.spec.template.metadata.labels, {
    'batch.kubernetes.io/controller-uid': 'u-1',
    'controller-uid': 'u-1',
    'batch.kubernetes.io/job-name': 'j',
    'job-name': 'j',
  })
  t.like(made.spec, {
    completions: 1,
    parallelism: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    suspend: false,
  })
})

test('a work queue keeps its completions open', t => {
  t.is((filled('jobs.batch', job({ parallelism: 3 })) as any).spec.completions, undefined)
})

test('the template of a Job does not change once it runs, and where it goes does before', t => {
  const made = (spec: object) => {
    const object = filled('jobs.batch', job(spec)) as any
    strategies['jobs.batch']!.prepareForCreate!(object, {} as never)
    return object
  }
  const pinned = { template: { spec: { ...template.spec, nodeSelector: { a: 'b' } } } }
  const [fault, ...others] = faultsOf('jobs.batch', made(pinned), { old: made({}) })
  t.deepEqual(others, [])
  t.regex(fault!, /^spec\.template: Invalid value: \{.*\}: field is immutable$/)
  t.deepEqual(
    faultsOf('jobs.batch', made({ ...pinned, suspend: false }), { old: made({ suspend: true }) }),
    [],
  )
})

test(accepted, 'a plain CronJob', 'cronjobs.batch', cron())
test(accepted, 'a CronJob in a time zone', 'cronjobs.batch', cron({ timeZone: 'Europe/Berlin' }))
test(refused, 'no schedule', 'cronjobs.batch', cron({ schedule: '' }), 'spec.schedule: Required value')
test(
  refused,
  'a schedule that is none',
  'cronjobs.batch',
  cron({ schedule: 'often' }),
  'spec.schedule: Invalid value: "often": expected exactly 5 fields, found 1: [often]',
)
test(
  refused,
  'a zone that is none',
  'cronjobs.batch',
  cron({ timeZone: 'Mars/Base' }),
  'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base',
)
test(
  refused,
  'a zone in the schedule',
  'cronjobs.batch',
  cron({ schedule: 'TZ=UTC 0 * * * *' }),
  'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
)
test(
  refused,
  'an unknown policy, and Jobs that select for themselves',
  'cronjobs.batch',
  cron({ concurrencyPolicy: 'Maybe', jobTemplate: { spec: { template, manualSelector: true } } }),
  [
    'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"',
    'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
  ],
)
test(
  refused,
  'a name with no room for the minute',
  'cronjobs.batch',
  { ...cron(), metadata: { name: 'x'.repeat(53) } },
  `metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`,
)

const schedule = test.macro({
  title: (_, text: string, _fault?: string) => `the schedule ${JSON.stringify(text)}`,
  exec(t, text: string, fault?: string) {
    t.is(scheduleFault(text), fault)
  },
})

test(schedule, '0 0 1 1 *')
test(schedule, '*/15 0-5,8 ? jan-mar mon-fri')
test(schedule, '5/10 * * * *')
test(schedule, '@hourly')
test(schedule, '@every 1h30m')
test(schedule, '60 * * * *', 'end of range (60) above maximum (59): 60')
test(schedule, '* * 0 * *', 'beginning of range (0) below minimum (1): 0')
test(schedule, '* 5-3 * * *', 'beginning of range (5) beyond end of range (3): 5-3')
test(schedule, 'a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax')
test(schedule, '*/0 * * * *', 'step of range should be a positive number: */0')
test(schedule, '1-2-3 * * * *', 'too many hyphens: 1-2-3')
test(schedule, '*/1/2 * * * *', 'too many slashes: */1/2')
test(schedule, '* * * * * *', 'expected exactly 5 fields, found 6: [* * * * * *]')
test(schedule, '@often', 'unrecognized descriptor: @often')
test(schedule, '@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"')
