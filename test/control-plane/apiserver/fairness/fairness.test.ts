import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import { flowSchemas, priorityLevelConfigurations } from '../../../../api/kinds/flowcontrol.ts'
import { clusterRoleBindings } from '../../../../api/kinds/rbac.ts'
import { startApiServer } from '../../../../control-plane/apiserver/server.ts'
import type { AdmissionPlugin } from '../../../../plugins/admission.ts'
import { startTestApiServer, type TestApiServer } from '../../../helpers/api-server.ts'
import { quietLog } from '../../../helpers/log.ts'

/** Writes of ConfigMaps that are held up until they are let go. */
const held: (() => void)[] = []
const hold: AdmissionPlugin = {
  name: 'hold',
  async mutate({ object }) {
    if (object?.metadata?.annotations?.hold) await new Promise<void>(resolve => held.push(resolve))
  },
}
let api: TestApiServer

test.before(async () => {
  api = await startTestApiServer({ admissionPlugins: [hold], limits: { reading: 20, mutating: 10 } })
  const apiGroup = 'rbac.authorization.k8s.io'
  await api.client.create(clusterRoleBindings, {
    metadata: { name: 'scheduler-may-all' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup, kind: 'User', name: 'system:kube-scheduler' }],
  })
})
test.after.always(async () => {
  for (const letGo of held.splice(0)) letGo()
  await api.stop()
})

/** Polls what the server shows until it is so. */
async function until(t: ExecutionContext, what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 120_000
  while (!(await holds())) {
    if (Date.now() > end) return t.fail(`not in time: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** The value of a series, by a part of its labels. */
async function metric(name: string, ...labels: string[]): Promise<number> {
  const { text } = await api.raw('/metrics')
  const line = text
    .split('\n')
    .find(
      line =>
        line.startsWith(`apiserver_flowcontrol_${name}{`) && labels.every(label => line.includes(label)),
    )
  return Number(line?.split(' ').at(-1) ?? Number.NaN)
}

const level = (name: string, limited: object) => ({
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
  kind: 'PriorityLevelConfiguration',
  metadata: { name },
  spec: { type: 'Limited' as const, limited: limited as never },
})

const schema = (name: string, to: string, user: string) => ({
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
  kind: 'FlowSchema',
  metadata: { name },
  spec: {
    priorityLevelConfiguration: { name: to },
    matchingPrecedence: 50,
    distinguisherMethod: { type: 'ByUser' as const },
    rules: [
      {
        subjects: [{ kind: 'User' as const, user: { name: user } }],
        resourceRules: [
          { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true },
        ],
      },
    ],
  },
})

/** A level that lends nothing and borrows nothing. */
const closed = (shares: number, response: object) => ({
  nominalConcurrencyShares: shares,
  borrowingLimitPercent: 0,
  limitResponse: response,
})

const path = '/api/v1/namespaces/default/configmaps'
let count = 0
const write = (isHeld: boolean) => ({
  user: 'scheduler' as const,
  body: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `c${++count}`, annotations: isHeld ? { hold: 'yes' } : {} },
  },
})

/** Whose level the scheduler's requests go to. */
async function putScheduler(t: ExecutionContext, name: string, limited: object): Promise<void> {
  await api.client.create(priorityLevelConfigurations, level(name, limited))
  await api.client.create(flowSchemas, schema(name, name, 'system:kube-scheduler'))
  await until(t, 'the schema is used', async () => {
    const { uid } = (await api.client.get(flowSchemas, { name })).metadata
    const { headers } = await api.raw('/api/v1/nodes', { user: 'scheduler' })
    return headers['x-kubernetes-pf-flowschema-uid'] === uid
  })
  t.teardown(async () => {
    for (const letGo of held.splice(0)) letGo()
    await api.client.delete(flowSchemas, { name })
    await api.client.delete(priorityLevelConfigurations, { name })
  })
}

test.serial('answers tell how the request was classified', async t => {
  const uidOf = async (schemaName: string, levelName: string) => [
    (await api.client.get(flowSchemas, { name: schemaName })).metadata.uid,
    (await api.client.get(priorityLevelConfigurations, { name: levelName })).metadata.uid,
  ]
  const told = async (path: string, user: 'admin' | 'scheduler' | null) => {
    const { headers } = await api.raw(path, { user })
    return [headers['x-kubernetes-pf-flowschema-uid'], headers['x-kubernetes-pf-prioritylevel-uid']]
  }
  t.deepEqual(await told('/api/v1/nodes', 'admin'), await uidOf('exempt', 'exempt'))
  t.deepEqual(await told('/api/v1/nodes', 'scheduler'), await uidOf('kube-scheduler', 'workload-high'))
  t.deepEqual(await told('/readyz', null), await uidOf('probes', 'exempt'))
  t.deepEqual(await told('/api/v1/nodes', null), await uidOf('global-default', 'global-default'))
  t.deepEqual(
    await told('/api/v1/namespaces?watch=1&timeoutSeconds=1', 'scheduler'),
    await uidOf('kube-scheduler', 'workload-high'),
  )
})

test.serial('requests beyond the seats wait, and are answered when seats are free', async t => {
  await putScheduler(
    t,
    'queued',
    closed(12, { type: 'Queue', queuing: { queues: 4, handSize: 2, queueLengthLimit: 5 } }),
  )
  const seats = await metric('current_limit_seats', 'priority_level="queued"')
  t.true(seats >= 1)
  const running = Array.from({ length: seats }, () => api.raw(path, write(true)))
  await until(t, 'all seats are taken', async () => held.length === seats)
  const late = api.raw(path, write(false))
  await until(t, 'one waits', async () => (await metric('current_inqueue_requests', '"queued"')) === 1)
  const dump = await api.raw('/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1')
  t.regex(
    dump.text,
    /^PriorityLevelName, +FlowSchemaName, +QueueIndex, +RequestIndexInQueue, +FlowDistingsher,/,
  )
  t.regex(
    dump.text,
    /^queued, +queued, +\d, +0, +system:kube-scheduler, .*create, +\/api\/v1\/namespaces\/default\/configmaps,/m,
  )
  held.shift()!()
  t.is((await late).status, 201)
  for (const letGo of held.splice(0)) letGo()
  for (const { status } of await Promise.all(running)) t.is(status, 201)
  await until(t, 'the seats are given back', async () => {
    const { text } = await api.raw('/debug/api_priority_and_fairness/dump_priority_levels')
    return /^queued, +0, +true, +false, +0, +0, +\d+, +0, +0, +0$/m.test(text)
  })
  t.regex((await api.raw('/debug/api_priority_and_fairness/dump_queues')).text, /^queued, +3, +0, +0, +0, /m)
})

test.serial('a full queue and a wait that is too long are refused with 429', async t => {
  await putScheduler(
    t,
    'short',
    closed(2, { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 1 } }),
  )
  const seats = await metric('current_limit_seats', 'priority_level="short"')
  const running = Array.from({ length: seats }, () => api.raw(path, write(true)))
  await until(t, 'all seats are taken', async () => held.length === seats)
  // It waits for a quarter of that, which is enough to look even on a busy machine.
  const waiting = api.raw(`${path}?timeout=40s`, write(false))
  await until(t, 'one waits', async () => (await metric('current_inqueue_requests', '"short"')) === 1)
  const refused = await api.raw(path, write(false))
  t.is(refused.status, 429)
  t.is(refused.text, 'Too many requests, please try again later.\n')
  t.is(refused.headers['retry-after'], '1')
  t.is(refused.headers['x-content-type-options'], 'nosniff')
  t.truthy(refused.headers['x-kubernetes-pf-flowschema-uid'])
  t.is((await waiting).status, 429)
  t.is(await metric('rejected_requests_total', '"short"', 'reason="queue-full"'), 1)
  t.is(await metric('rejected_requests_total', '"short"', 'reason="time-out"'), 1)
  const { text } = await api.raw('/metrics')
  t.regex(text, /^apiserver_dropped_requests_total\{request_kind="mutating"\} 2$/m)
  // Who is exempt gets through all the same.
  t.is((await api.raw(path, { ...write(false), user: 'admin' })).status, 201)
  for (const letGo of held.splice(0)) letGo()
  for (const { status } of await Promise.all(running)) t.is(status, 201)
})

test.serial('who goes away while waiting does not take a seat', async t => {
  await putScheduler(
    t,
    'gone',
    closed(2, { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 9 } }),
  )
  const seats = await metric('current_limit_seats', 'priority_level="gone"')
  const running = Array.from({ length: seats }, () => api.raw(path, write(true)))
  await until(t, 'all seats are taken', async () => held.length === seats)
  const [{ connect }, { key, cert }] = [await import('node:tls'), api.pki.clients.scheduler]
  const socket = connect({
    port: Number(new URL(api.url).port),
    host: '127.0.0.1',
    ca: api.pki.ca.cert,
    key,
    cert,
  })
  await once(socket, 'secureConnect')
  socket.write(`GET /api/v1/nodes HTTP/1.1\r\nHost: a\r\n\r\n`)
  await until(t, 'one waits', async () => (await metric('current_inqueue_requests', '"gone"')) === 1)
  socket.destroy()
  await until(t, 'none waits', async () => (await metric('current_inqueue_requests', '"gone"')) === 0)
  for (const letGo of held.splice(0)) letGo()
  for (const { status } of await Promise.all(running)) t.is(status, 201)
})

test.serial('a watch gives its seat back once it has caught up', async t => {
  await putScheduler(t, 'watching', closed(2, { type: 'Reject' }))
  const watches = []
  for (let i = 0; i < 10; i++) {
    const watch = await api.open('/api/v1/namespaces?watch=1', { user: 'scheduler' })
    t.is(watch.statusCode, 200)
    await once(watch, 'data')
    await until(
      t,
      'no seat is taken',
      async () => (await metric('current_executing_seats', '"watching"')) === 0,
    )
    watches.push(watch)
  }
  // So many watchers make a write wider: its events take their time.
  const seats = await metric('work_estimated_seats_sum', '"watching"')
  await api.raw('/api/v1/namespaces', {
    user: 'scheduler',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } },
  })
  t.is(await metric('watch_count_samples_sum', '"watching"'), 10)
  t.true((await metric('work_estimated_seats_sum', '"watching"')) > seats)
  for (const watch of watches) watch.destroy()
})

test.serial('a schema tells whether its level exists', async t => {
  const condition = async () =>
    (await api.client.get(flowSchemas, { name: 'lost' })).status?.conditions?.find(
      ({ type }) => type === 'Dangling',
    )
  await api.client.create(flowSchemas, schema('lost', 'nowhere', 'nobody'))
  await until(t, 'the level is missed', async () => (await condition())?.status === 'True')
  t.like(await condition(), {
    reason: 'NotFound',
    message:
      'This FlowSchema references the PriorityLevelConfiguration object named "nowhere" but there is no such object',
  })
  await api.client.create(priorityLevelConfigurations, level('nowhere', closed(1, { type: 'Reject' })))
  await until(t, 'the level is found', async () => (await condition())?.status === 'False')
  t.like(await condition(), {
    reason: 'Found',
    message: 'This FlowSchema references the PriorityLevelConfiguration object named "nowhere" and it exists',
  })
  const [own] = (await api.client.get(flowSchemas, { name: 'lost' })).metadata.managedFields!.filter(
    ({ operation }) => operation === 'Apply',
  )
  t.like(own, { manager: 'api-priority-and-fairness-config-consumer-v1', subresource: 'status' })
  await api.client.delete(flowSchemas, { name: 'lost' })
  await api.client.delete(priorityLevelConfigurations, { name: 'nowhere' })
})

test.serial('a level that is deleted goes when its requests have been answered', async t => {
  await putScheduler(
    t,
    'leaving',
    closed(2, { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 9 } }),
  )
  const running = api.raw(path, write(true))
  await until(t, 'a seat is taken', async () => held.length === 1)
  await api.client.delete(flowSchemas, { name: 'leaving' })
  await api.client.delete(priorityLevelConfigurations, { name: 'leaving' })
  const shown = async () => (await api.raw('/debug/api_priority_and_fairness/dump_priority_levels')).text
  await until(t, 'the level is on its way out', async () =>
    /^leaving, +0, +false, +true, /m.test(await shown()),
  )
  held.shift()!()
  t.is((await running).status, 201)
  await until(t, 'the level is gone', async () => !(await shown()).includes('leaving'))
  await api.client.create(priorityLevelConfigurations, level('leaving', closed(2, { type: 'Reject' })))
  await api.client.create(flowSchemas, schema('leaving', 'leaving', 'nobody'))
})

/** One of all sorts of requests, most of which are given up at some moment. */
async function anyRequest(i: number): Promise<void> {
  const paths = [
    path,
    '/api/v1/nodes',
    '/api/v1/namespaces?watch=1',
    '/api/v1/namespaces/default/nothing',
    '/nowhere',
  ]
  const request =
    i % 3 === 0 ? write(false) : { user: 'scheduler' as const, ...(i % 7 === 0 && { body: '{' }) }
  const response = await api.open(i % 3 === 0 ? path : paths[i % paths.length]!, request)
  response.on('error', () => {})
  if (i % 2 === 0) response.destroy()
  else if (i % paths.length === 2) setTimeout(() => response.destroy(), i % 20)
  else response.resume()
  await once(response, 'close')
}

test.serial('whatever clients do, every seat comes back', async t => {
  await putScheduler(
    t,
    'busy',
    closed(3, { type: 'Queue', queuing: { queues: 8, handSize: 2, queueLengthLimit: 20 } }),
  )
  const all = await Promise.allSettled(Array.from({ length: 400 }, (_, i) => anyRequest(i)))
  t.true(all.some(({ status }) => status === 'fulfilled'))
  await until(t, 'nothing is under way', async () => {
    const left = ['current_executing_seats', 'current_executing_requests', 'current_inqueue_requests']
    const counts = await Promise.all(left.map(name => metric(name, '"busy"')))
    return counts.every(count => count === 0)
  })
  t.true((await metric('dispatched_requests_total', '"busy"')) > 100)
  t.is((await api.raw('/api/v1/nodes', { user: 'scheduler' })).status, 200)
})

test.serial('metrics have the names that upstream has', async t => {
  const { text } = await api.raw('/metrics')
  for (const series of [
    /^apiserver_flowcontrol_nominal_limit_seats\{priority_level="workload-low"\} 1[0-9]$/m,
    /^apiserver_flowcontrol_dispatched_requests_total\{priority_level="exempt",flow_schema="exempt"\} \d+$/m,
    /^apiserver_flowcontrol_request_wait_duration_seconds_bucket\{priority_level="workload-high",flow_schema="kube-scheduler",execute="true",le="0"\} \d+$/m,
    /^apiserver_flowcontrol_request_execution_seconds_count\{priority_level="exempt",flow_schema="exempt",type="regular"\} \d+$/m,
    /^apiserver_flowcontrol_priority_level_seat_utilization_count\{phase="executing",priority_level="system"\} \d+$/m,
    /^apiserver_flowcontrol_demand_seats_bucket\{priority_level="system",le="\+Inf"\} \d+$/m,
    /^apiserver_flowcontrol_next_s_bounds\{priority_level="workload-high",bound="min"\} [\d.e-]+$/m,
    /^apiserver_flowcontrol_seat_fair_frac [\d.]+$/m,
    /^apiserver_flowcontrol_read_vs_write_current_requests_count\{phase="executing",request_kind="readOnly"\} \d+$/m,
  ]) {
    t.true(series.test(text), String(series))
  }
})

test('limits that add up to nothing are told', async t => {
  const options = {
    store: api.store,
    pki: api.pki,
    bindAddress: '127.0.0.1',
    port: 0,
    advertiseAddress: '192.0.2.1',
    serviceCIDR: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    limits: { reading: 0, mutating: 0 },
    log: quietLog,
    signal: new AbortController().signal,
  }
  await t.throwsAsync(startApiServer(options), {
    message:
      /MaxRequestsInFlight=0 and MaxMutatingRequestsInFlight=0; they must add up to something positive/,
  })
})
