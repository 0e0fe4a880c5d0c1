import test from 'ava'
import { cronJobs, jobs } from '../../../../api/kinds/batch.ts'
import { replicationControllers } from '../../../../api/kinds/core.ts'
import type { CronJob, Job } from '../../../../api/kinds/types.ts'
import { startTestControlLoops, type TestControlLoops } from '../../../helpers/control-loops.ts'
import type { Outcome } from '../../../helpers/fake-kubelet.ts'

let loops: TestControlLoops
let outcome: Outcome = 'succeeded'

test.before(async () => {
  const kubelet = { outcome: (): Outcome => outcome }
  loops = await startTestControlLoops({ nodes: ['n1'], kubelet })
  await Promise.all([cronJobs, jobs].map(kind => loops.watched(kind as never)))
})
test.after.always(() => loops?.stop())

const kubectl = (...args: string[]): Promise<string> => loops.api.kubectl('1.33', ...args)

const podTemplate = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } }
const create = (name: string, spec: object): Promise<CronJob> =>
  loops.client.create(cronJobs, {
    metadata: { name, namespace: 'default' },
    spec: {
      schedule: '@every 1s',
      jobTemplate: { metadata: { labels: { of: name } }, spec: { template: podTemplate } },
      ...spec,
    },
  } as never)
const jobsOf = (name: string): Job[] => {
  const all = loops.informers.informer(jobs).list()
  return all.filter(({ metadata }) => metadata.labels?.of === name)
}
const until = (name: string, isWanted: (cronJob: CronJob) => unknown): Promise<CronJob> =>
  loops.waitFor(cronJobs, `default/${name}`, isWanted)

/** A Job as if an earlier time had made it. */
async function earlierJob(cronJob: CronJob, minute: number, spec: object = {}): Promise<Job> {
  const { name, uid } = cronJob.metadata
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true }
  const labels = { of: name }
  const metadata = { name: `${name}-${minute}`, namespace: 'default', labels, ownerReferences: [owner] }
  return loops.client.create(jobs, { metadata, spec: { template: podTemplate, ...spec } } as never)
}

test('a Job is made when its time has come', async t => {
  await create('ticking', {})
  const { status } = await until('ticking', each => each.status?.lastSuccessfulTime)
  t.truthy(status?.lastScheduleTime)
  const [job] = jobsOf('ticking')
  t.regex(job!.metadata.name, /^ticking-\d{8}$/)
  t.regex(job!.metadata.annotations!['batch.kubernetes.io/cronjob-scheduled-timestamp']!, /^20\d\d-/)
  t.regex(await loops.waitForEvent('CronJob', 'ticking', /Create/), /^SuccessfulCreate: Created job ticking-/)
  t.regex(await loops.waitForEvent('CronJob', 'ticking', /Saw/), /condition: Complete$/)
})

test('nothing is made while a CronJob is suspended', async t => {
  await create('asleep', { suspend: true })
  await create('awake', {})
  await until('awake', ({ status }) => status?.lastScheduleTime)
  t.is(jobsOf('asleep').length, 0)
  await kubectl('patch', 'cronjob', 'asleep', '-p', '{"spec":{"suspend":false}}')
  await until('asleep', ({ status }) => status?.lastScheduleTime)
})

test('what still runs keeps the next one from starting, with Forbid', async t => {
  const cronJob = await create('forbidding', { suspend: true, concurrencyPolicy: 'Forbid' })
  const running = await earlierJob(cronJob, 1, { suspend: true })
  const { name, namespace, uid } = running.metadata
  const active = [{ apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid }]
  const patch = { type: 'merge', body: { status: { active } } } as const
  await loops.client.patch(cronJobs, cronJob.metadata, patch, { subresource: 'status' })
  await kubectl('patch', 'cronjob', 'forbidding', '-p', '{"spec":{"suspend":false}}')
  await loops.waitForEvent('CronJob', 'forbidding', /JobAlreadyActive: Not starting job because prior/)
  t.is(jobsOf('forbidding').length, 1)
})

test('what still runs makes room for the next one, with Replace', async t => {
  const cronJob = await create('replacing', { suspend: true, concurrencyPolicy: 'Replace' })
  const running = await earlierJob(cronJob, 1, { suspend: true })
  const { name, namespace, uid } = running.metadata
  const active = [{ apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid }]
  const patch = { type: 'merge', body: { status: { active } } } as const
  await loops.client.patch(cronJobs, cronJob.metadata, patch, { subresource: 'status' })
  await kubectl('patch', 'cronjob', 'replacing', '-p', '{"spec":{"suspend":false}}')
  await loops.waitUntil(jobs, cache => !cache.get('default/replacing-1'))
  t.is(
    await loops.waitForEvent('CronJob', 'replacing', /Deleted/),
    'SuccessfulDelete: Deleted job replacing-1',
  )
})

test('only so many Jobs that ended are kept', async t => {
  const cronJob = await create('tidy', { suspend: true, successfulJobsHistoryLimit: 2 })
  for (const minute of [1, 2, 3, 4]) {
    await earlierJob(cronJob, minute)
    await loops.waitFor(jobs, `default/tidy-${minute}`, ({ status }) => status?.completionTime)
  }
  await loops.waitUntil(jobs, () => jobsOf('tidy').length === 2)
  t.pass()
})

test('a Job is made from a CronJob by hand', async t => {
  await create('source', { suspend: true })
  await kubectl('create', 'job', 'by-hand', '--from=cronjob/source')
  await loops.waitFor(jobs, 'default/by-hand', ({ status }) => status?.succeeded === 1)
  t.pass()
})

test('a Job that ended goes after as many seconds as it says', async t => {
  const metadata = { name: 'passing', namespace: 'default' }
  await loops.client.create(jobs, {
    metadata,
    spec: { ttlSecondsAfterFinished: 1, template: podTemplate },
  } as never)
  await loops.waitUntil(jobs, cache => !cache.get('default/passing'))
  t.pass()
})

test.serial('a ReplicationController keeps its Pods', async t => {
  outcome = 'ready'
  const labels = { app: 'rc' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } }
  const spec = { replicas: 2, template }
  await loops.watched(replicationControllers)
  await loops.client.create(replicationControllers, {
    metadata: { name: 'rc', namespace: 'default' },
    spec,
  } as never)
  const isReady = (count: number) => (rc: any) => rc.status?.readyReplicas === count
  await loops.waitFor(replicationControllers, 'default/rc', isReady(2))
  await kubectl('scale', 'rc', 'rc', '--replicas=3')
  const { status } = await loops.waitFor(replicationControllers, 'default/rc', isReady(3))
  t.like(status, { replicas: 3, fullyLabeledReplicas: 3, availableReplicas: 3 })
  outcome = 'succeeded'
})
