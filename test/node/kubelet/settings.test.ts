import test from 'ava'
import { parseGoDuration } from '../../../node/kubelet/go-duration.ts'
import { DEFAULT_SETTINGS, kubeletSettings } from '../../../node/kubelet/settings.ts'

test('what is left out is as a kubelet has it by default', t => {
  t.deepEqual(kubeletSettings(), DEFAULT_SETTINGS)
  t.is(kubeletSettings({ maxPods: 3 }).maxPods, 3)
  t.is(DEFAULT_SETTINGS.evictionHard['memory.available'], '100Mi')
})

const refused = test.macro((t, given: object, message: RegExp) => {
  t.throws(() => kubeletSettings(given), { message })
})

test(
  'a wrong setting is told with its name, its value and what was expected: a duration',
  refused,
  { containerLogMonitorInterval: 'soon' },
  /^containerLogMonitorInterval is "soon", expected a duration/,
)
test(
  'a wrong setting is told with its name, its value and what was expected: a quantity',
  refused,
  { containerLogMaxSize: '10Mb' },
  /^containerLogMaxSize is "10Mb", expected a quantity/,
)
test(
  'a wrong setting is told with its name, its value and what was expected: a percentage',
  refused,
  { imageGCHighThresholdPercent: 101 },
  /^imageGCHighThresholdPercent is 101, expected/,
)
test(
  'a wrong setting is told with its name, its value and what was expected: thresholds in order',
  refused,
  { imageGCLowThresholdPercent: 90 },
  /^imageGCLowThresholdPercent is 90, expected less than the high threshold \(85\)/,
)
test(
  'a wrong setting is told with its name, its value and what was expected: a signal',
  refused,
  { evictionHard: { 'disk.full': '1Gi' } },
  /^evictionHard\.disk\.full: there is no such signal/,
)
test(
  'a wrong setting is told with its name, its value and what was expected: a threshold',
  refused,
  { evictionHard: { 'memory.available': 'much' } },
  /^evictionHard\.memory\.available is "much"/,
)
test(
  'a wrong setting is told with its name, its value and what was expected: a grace period',
  refused,
  { evictionSoft: { 'memory.available': '1Gi' } },
  /^evictionSoftGracePeriod\.memory\.available is not set/,
)
test(
  'a wrong setting is told with its name, its value and what was expected: a name',
  refused,
  { evictionHart: {} },
  /^evictionHart: there is no such setting/,
)

test('durations are read as Go writes them', t => {
  t.is(parseGoDuration('5m0s'), 300_000)
  t.is(parseGoDuration('1h2m3.5s'), 3_723_500)
  t.is(parseGoDuration('250ms'), 250)
  t.is(parseGoDuration('0'), 0)
  t.is(parseGoDuration('5'), undefined)
  t.is(parseGoDuration('five minutes'), undefined)
})
