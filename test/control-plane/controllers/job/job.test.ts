import test from 'ava'
import { jobs } from '../../../../api/kinds/batch.ts'
import { pods } from '../../../../api/kinds/core.ts'
import type { Job, Pod } from '../../../../api/kinds/types.ts'
import { startTestControlLoops, type TestControlLoops } from '../../../helpers/control-loops.ts'
import type { Outcome } from '../../../helpers/fake-kubelet.ts'

let loops: TestControlLoops
/** What becomes of a Pod; Pods succeed where nothing is said. */
const outcomes = new Map<string, (pod: Pod) => Outcome>()

test.before(async () => {
  const outcome = (pod: Pod): Outcome =>
    outcomes.get(pod.metadata.labels?.['job-name'] ?? '')?.(pod) ?? 'succeeded'
  loops = await startTestControlLoops({ nodes: ['n1', 'n2'], kubelet: { outcome } })
  await Promise.all([loops.watched(jobs), loops.watched(pods)])
})
test.after.always(() => loops?.stop())

const kubectl = (...args: string[]): Promise<string> => loops.api.kubectl('1.33', ...args)

const create = (name: string, spec: object = {}): Promise<Job> => {
  const template = {
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'c', image: 'x' }],
    },
  }
  const job = { metadata: { name, namespace: 'default' }, spec: { template, ...spec } }
  return loops.client.create(jobs, job as never)
}
const has = (type: string) => (job: Job) =>
  job.status?.conditions?.some(condition => condition.type === type && condition.status === 'True')
const until = (name: string, isWanted: (job: Job) => unknown): Promise<Job> =>
  loops.waitFor(jobs, `default/${name}`, isWanted)
const podsOf = (name: string): Pod[] => {
  const all = loops.informers.informer(pods).list()
  return all.filter(({ metadata }) => metadata.labels?.['job-name'] === name)
}
const condition = (job: Job, type: string) => job.status?.conditions?.find(each => each.type === type)

test('a Job runs as many Pods as it wants completions, so many at a time', async t => {
  let most = 0
  const waiting = new Set<string>()
  outcomes.set('batch', ({ metadata }) => {
    waiting.add(metadata.uid!)
    most = Math.max(most, podsOf('batch').filter(({ status }) => status?.phase !== 'Succeeded').length)
    return 'succeeded'
  })
  await create('batch', { completions: 5, parallelism: 2 })
  const job = await until('batch', has('Complete'))
  t.is(job.status?.succeeded, 5)
  t.is(job.status?.active, undefined)
  t.true(most <= 2)
  t.like(condition(job, 'Complete'), {
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  })
  t.truthy(condition(job, 'SuccessCriteriaMet'))
  t.truthy(job.status?.completionTime)
  t.is(podsOf('batch').length, 5)
  t.is(await loops.waitForEvent('Job', 'batch', /Completed/), 'Completed: Job completed')
  t.regex(await kubectl('get', 'job', 'batch'), /batch +Complete +5\/5 +/)
  t.regex(await kubectl('wait', '--for=condition=complete', 'job/batch'), /condition met/)
  await loops.waitUntil(pods, () => podsOf('batch').every(({ metadata }) => !metadata.finalizers?.length))
})

test('a Job has labels and a selector of its own', async t => {
  outcomes.set('labelled', () => 'ready')
  const { metadata, spec } = await create('labelled')
  t.deepEqual(spec.selector?.matchLabels, { 'batch.kubernetes.io/controller-uid': metadata.uid! })
  t.is(spec.template.metadata?.labels?.['batch.kubernetes.io/job-name'], 'labelled')
  const job = await until('labelled', ({ status }) => status?.active === 1 && status.ready === 1)
  t.truthy(job.status?.startTime)
})

test('a Pod that fails is counted and replaced after a pause', async t => {
  const failed = new Set<string>()
  outcomes.set('again', ({ metadata }) => {
    if (failed.size === 0) failed.add(metadata.uid!)
    return failed.has(metadata.uid!) ? 'failed' : 'succeeded'
  })
  await create('again')
  const job = await until('again', has('Complete'))
  t.like(job.status, { succeeded: 1, failed: 1 })
  const times = podsOf('again').map(({ metadata }) => Date.parse(metadata.creationTimestamp!))
  t.true(Math.abs(times[0]! - times[1]!) >= 9_000)
})

test('a Job that fails too often fails', async t => {
  outcomes.set('hopeless', () => 'failed')
  await create('hopeless', { backoffLimit: 0 })
  const job = await until('hopeless', has('Failed'))
  t.like(condition(job, 'Failed'), {
    reason: 'BackoffLimitExceeded',
    message: 'Job has reached the specified backoff limit',
  })
  t.like(job.status, { failed: 1 })
  t.regex(await loops.waitForEvent('Job', 'hopeless', /Backoff/), /^BackoffLimitExceeded: Job has reached/)
})

test('a Job that takes too long fails, and its Pods go', async t => {
  outcomes.set('slow', () => 'ready')
  await create('slow', { activeDeadlineSeconds: 1, parallelism: 2, completions: 2 })
  const job = await until('slow', has('Failed'))
  t.is(condition(job, 'Failed')?.reason, 'DeadlineExceeded')
  t.is(job.status?.failed, 2)
  await loops.waitUntil(pods, () => podsOf('slow').length === 0)
})

test('a suspended Job has no Pods until it is resumed', async t => {
  outcomes.set('resting', () => 'ready')
  await create('resting', { parallelism: 2, completions: 2 })
  await until('resting', ({ status }) => status?.active === 2)
  await kubectl('patch', 'job', 'resting', '-p', '{"spec":{"suspend":true}}')
  const suspended = await until('resting', job => has('Suspended')(job) && !job.status?.active)
  t.truthy(suspended.status?.startTime)
  t.is(suspended.status?.failed, undefined)
  await loops.waitUntil(pods, () => podsOf('resting').length === 0)
  outcomes.delete('resting')
  await kubectl('patch', 'job', 'resting', '-p', '{"spec":{"suspend":false}}')
  const job = await until('resting', has('Complete'))
  t.like(condition(job, 'Suspended'), { status: 'False', reason: 'JobResumed' })
  t.regex(await loops.waitForEvent('Job', 'resting', /Resumed/), /Job resumed/)
})

test('each index of an indexed Job is worked on once', async t => {
  await create('indexed', { completionMode: 'Indexed', completions: 4, parallelism: 4 })
  const job = await until('indexed', has('Complete'))
  t.like(job.status, { succeeded: 4, completedIndexes: '0-3' })
  const made = podsOf('indexed').sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  t.deepEqual(
    made.map(({ spec }) => spec.hostname),
    ['indexed-0', 'indexed-1', 'indexed-2', 'indexed-3'],
  )
  t.is(made[2]!.metadata.annotations?.['batch.kubernetes.io/job-completion-index'], '2')
  t.is(made[0]!.spec.containers[0]!.env?.[0]?.name, 'JOB_COMPLETION_INDEX')
})

test('an index that fails too often is given up, and the others go on', async t => {
  outcomes.set('partly', ({ spec }) => (spec.hostname === 'partly-1' ? 'failed' : 'succeeded'))
  await create('partly', {
    completionMode: 'Indexed',
    completions: 3,
    parallelism: 3,
    backoffLimitPerIndex: 0,
  })
  const job = await until('partly', has('Failed'))
  t.is(condition(job, 'Failed')?.reason, 'FailedIndexes')
  t.like(job.status, { completedIndexes: '0,2', failedIndexes: '1', succeeded: 2 })
})

test('a rule on exit codes fails the Job at once', async t => {
  outcomes.set('fatal', () => 'failed')
  const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } }]
  await create('fatal', { podFailurePolicy: { rules } })
  const job = await until('fatal', has('Failed'))
  t.is(condition(job, 'Failed')?.reason, 'PodFailurePolicy')
  t.regex(condition(job, 'Failed')?.message ?? '', /exit code 1 matching FailJob rule at index 0$/)
})

test('fewer Pods at a time are not taken for failed ones', async t => {
  outcomes.set('fewer', () => 'ready')
  await create('fewer', { parallelism: 3, completions: 3 })
  await until('fewer', ({ status }) => status?.active === 3)
  await kubectl('patch', 'job', 'fewer', '-p', '{"spec":{"parallelism":1}}')
  const job = await until('fewer', ({ status }) => status?.active === 1 && !status.terminating)
  t.is(job.status?.failed, undefined)
})

test('Pods of a Job that is deleted do not stay behind', async t => {
  outcomes.set('deleted', () => 'ready')
  await create('deleted', { parallelism: 2, completions: 2 })
  await until('deleted', ({ status }) => status?.active === 2)
  await kubectl('delete', 'job', 'deleted')
  await loops.waitUntil(pods, () => podsOf('deleted').length === 0)
  t.pass()
})

test.serial('a restarted controller goes on counting where the last one stopped', async t => {
  outcomes.set('counted', () => 'ready')
  await create('counted', { completions: 6, parallelism: 6 })
  await until('counted', ({ status }) => status?.active === 6)
  outcomes.delete('counted')
  await Promise.all([loops.restartLoops(), ...loops.nodes.map(node => node.report())])
  const job = await until('counted', has('Complete'))
  t.is(job.status?.succeeded, 6)
  t.is(job.status?.failed, undefined)
})

test('a Job without labels has those of its Pods', async t => {
  const { metadata, spec } = await create('unlabelled', { suspend: true })
  t.deepEqual(metadata.labels, spec.template.metadata?.labels)
  t.is(metadata.labels?.['batch.kubernetes.io/job-name'], 'unlabelled')
})

test('a Job whose Pods cannot be made says that it has begun', async t => {
  const namespace = await loops.createNamespace('full')
  await kubectl('-n', namespace, 'create', 'quota', 'none', '--hard=pods=0')
  await kubectl('-n', namespace, 'create', 'job', 'stuck', '--image=x')
  const job = await loops.waitFor(jobs, `${namespace}/stuck`, ({ status }) => status?.startTime)
  t.like(job.status, { ready: 0, terminating: 0, uncountedTerminatedPods: {} })
  t.regex(await loops.waitForEvent('Job', 'stuck', /FailedCreate/), /exceeded quota: none/)
})
