import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { Registry } from 'prom-client'
import { openAuditLog } from '../../../control-plane/apiserver/audit/log.ts'
import { AuditMetrics } from '../../../control-plane/apiserver/audit/metrics.ts'
import { AuditRecord } from '../../../control-plane/apiserver/audit/record.ts'
import type { AuditEvent } from '../../../control-plane/apiserver/pipeline/audit.ts'
import { startTestApiServer, type TestApiServer, takeEvents } from '../../helpers/api-server.ts'
import { quietLog } from '../../helpers/log.ts'

const audited: AuditEvent[] = []
let api: TestApiServer

test.before(async () => {
  api = await startTestApiServer({
    audit: event => void audited.push(event),
    limits: { reading: 1 },
    hasFairness: false,
  })
})
test.after.always(() => api.stop())

/** The audit events of requests for a path, when the last of them has come. */
async function eventsOf(path: string, count: number): Promise<any[]> {
  while (true) {
    const found = audited.filter(({ requestURI }) => requestURI === path)
    if (found.length >= count) return found
    await new Promise(resolve => setImmediate(resolve))
  }
}

test.serial('audit tells who did what and whether it was allowed', async t => {
  const path = '/api/v1/namespaces/default/configmaps?fieldManager=me'
  const headers = { connection: 'close' }
  await api.raw(path, { headers, body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'seen' } } })
  const [event] = await eventsOf(path, 1)
  t.like(event, {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    stage: 'ResponseComplete',
    verb: 'create',
    objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' },
    responseStatus: { code: 201 },
  })
  t.true(event.user.groups.includes('system:masters'))
  t.deepEqual(event.sourceIPs, ['127.0.0.1'])
  t.is(event.annotations['authorization.k8s.io/decision'], 'allow')
  t.regex(event.stageTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
})

test.serial('audit tells of refusals, and of both users when one acts as another', async t => {
  const path = '/api/v1/namespaces/default/secrets/forbidden'
  const headers = { 'impersonate-user': 'jane', 'impersonate-group': 'clerks', 'impersonate-extra-team': 'a' }
  t.is((await api.raw(path, { headers })).status, 403)
  const [event] = await eventsOf(path, 1)
  t.is(event.annotations['authorization.k8s.io/decision'], 'forbid')
  t.is(event.user.username, 'kubernetes-admin')
  t.like(event.impersonatedUser, { username: 'jane', extra: { team: ['a'] } })
})

test.serial('audit tells of a watch when it begins and when it ends', async t => {
  const path = '/api/v1/namespaces?watch=1'
  await takeEvents(await api.open(path), 1)
  const stages = (await eventsOf(path, 2)).map(({ stage }) => stage)
  t.deepEqual(stages, ['ResponseStarted', 'ResponseComplete'])
})

test('an audit log is appended to, one line an event', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-audit-'))
  t.teardown(() => rm(dir, { recursive: true }))
  const path = join(dir, 'logs', 'audit.log')
  const report = { log: quietLog, metrics: new AuditMetrics(new Registry()) }
  for (const auditID of ['one', 'two']) {
    const log = await openAuditLog(path, report)
    log.write(new AuditRecord({ auditID }))
    await log.close()
  }
  const lines = (await readFile(path, 'utf8')).trim().split('\n')
  t.deepEqual(
    lines.map(line => JSON.parse(line).auditID),
    ['one', 'two'],
  )
  await t.throwsAsync(openAuditLog(dir, report), { code: 'EISDIR' })
})

test.serial('with limits alone, too many requests at once are refused, but for system:masters', async t => {
  const ask = (user: 'admin' | 'scheduler') => api.raw('/api/v1/nodes', { user })
  const flood = await Promise.all(Array.from({ length: 30 }, () => ask('scheduler')))
  const refused = flood.filter(({ status }) => status === 429)
  t.true(refused.length > 0 && refused.length < flood.length)
  t.is(refused[0]!.headers['retry-after'], '1')
  t.is(refused[0]!.text, 'Too many requests, please try again later.\n')
  const privileged = await Promise.all(Array.from({ length: 30 }, () => ask('admin')))
  t.true(privileged.every(({ status }) => status === 200))
  const { text } = await api.raw('/metrics')
  t.regex(text, /^apiserver_dropped_requests_total\{request_kind="readOnly"\} \d+$/m)
})

test.serial('metrics have the names and labels that dashboards know', async t => {
  const watch = await api.open('/api/v1/namespaces?watch=1')
  await new Promise(resolve => watch.once('data', resolve))
  const { text } = await api.raw('/metrics')
  watch.destroy()
  for (const series of [
    /^apiserver_request_total\{verb="POST",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver",dry_run="",code="201",system_client=""\} 1$/m,
    /^apiserver_request_duration_seconds_bucket\{.*resource="configmaps".*le="\+Inf".*\} \d+$/m,
    /^apiserver_request_sli_duration_seconds_count\{.*resource="configmaps".*\} \d+$/m,
    /^apiserver_response_sizes_bucket\{verb="GET",.*le="1000"\} \d+$/m,
    /^apiserver_current_inflight_requests\{request_kind="readOnly"\} [1-9]\d*$/m,
    /^apiserver_longrunning_requests\{verb="WATCH",group="",version="v1",resource="namespaces",subresource="",scope="cluster",component="apiserver"\} [1-9]\d*$/m,
    /^apiserver_storage_objects\{resource="namespaces"\} 4$/m,
    /^apiserver_resource_objects\{group="",resource="namespaces"\} 4$/m,
    /^apiserver_registered_watchers\{group="",version="v1",kind="Namespace"\} \d+$/m,
    /^apiserver_watch_events_total\{group="",version="v1",resource="namespaces"\} \d+$/m,
    /^etcd_request_duration_seconds_count\{operation="update",group="",resource="configmaps"\} \d+$/m,
    /^etcd_requests_total\{operation="update",group="rbac.authorization.k8s.io",resource="roles"\} \d+$/m,
    /^# HELP apiserver_request_total \[STABLE\] ./m,
    /^authentication_attempts\{result="success"\} [1-9]\d*$/m,
    /^authentication_duration_seconds_count\{result="success"\} [1-9]\d*$/m,
    /^authenticated_user_requests\{username="other"\} [1-9]\d*$/m,
    /^authorization_attempts_total\{result="allowed"\} [1-9]\d*$/m,
    /^authorization_attempts_total\{result="no-opinion"\} \d+$/m,
    /^apiserver_authorization_decisions_total\{type="RBAC",name="rbac",decision="allowed"\} \d+$/m,
    /^apiserver_client_certificate_expiration_seconds_bucket\{le="0"\} 0$/m,
    /^registered_metrics_total\{stability_level="STABLE",deprecated_version=""\} [1-9]\d*$/m,
    /^version_info\{component="kube",binary="1.34",emulation="1.34",min_compat="1.33"\} 1$/m,
    /^apiserver_storage_size_bytes\{storage_cluster_id="storage-cluster-0"\} [1-9]\d*$/m,
    /^apiserver_cel_compilation_duration_seconds_count \d+$/m,
    /^apiserver_cel_evaluation_duration_seconds_bucket\{le="10"\} \d+$/m,
    /^apiserver_init_events_total\{group="",resource="namespaces"\} [1-9]\d*$/m,
    /^aggregator_unavailable_apiservice\{name="v1.apps"\} 0$/m,
    /^process_open_fds \d+$/m,
    /^kubernetes_build_info\{major="1",minor="34",.*\} 1$/m,
    /^process_resident_memory_bytes \d+$/m,
  ]) {
    t.true(series.test(text), String(series))
  }
})

/** What a metric without labels is at. */
async function countOf(name: string): Promise<number> {
  const { text } = await api.raw('/metrics')
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)![1])
}

test.serial('connections that speak no TLS are counted', async t => {
  const before = await countOf('apiserver_tls_handshake_errors_total')
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
  socket.resume().on('error', () => {})
  socket.write('GET / HTTP/1.1\r\n\r\n')
  await once(socket, 'close')
  while ((await countOf('apiserver_tls_handshake_errors_total')) === before) await sleep(20)
  t.pass()
})

test.serial('it is told which deprecated APIs were asked for', async t => {
  const path = '/api/v1/namespaces/default/endpoints'
  await api.raw(path)
  const { text } = await api.raw('/metrics')
  t.regex(
    text,
    /^apiserver_requested_deprecated_apis\{group="",version="v1",resource="endpoints",subresource="",removed_release=""\} 1$/m,
  )
  const [event] = await eventsOf(path, 1)
  t.is(event.annotations['k8s.io/deprecated'], 'true')
})

test.serial('requests for paths that lead nowhere do not fill the metrics', async t => {
  for (let i = 0; i < 2_200; i += 100) {
    const paths = Array.from({ length: 100 }, (_, k) => `/apis/group${i + k}/v1/things`)
    await Promise.all(paths.map(path => api.raw(path)))
  }
  const { text } = await api.raw('/metrics')
  t.true(text.match(/^apiserver_request_total\{/gm)!.length < 2_100)
})

/** The names of the checks that an endpoint tells of. */
const checksOf = (text: string): string[] => [...text.matchAll(/^\[\+\](\S+) ok$/gm)].map(([, name]) => name!)

test.serial('health is told check by check, in upstream order', async t => {
  const livez = await api.raw('/livez?verbose')
  t.regex(livez.text, /\nlivez check passed\n$/)
  const alive = [
    'ping',
    'log',
    'etcd',
    ...[
      'start-apiserver-admission-initializer',
      'generic-apiserver-start-informers',
      'max-in-flight-filter',
      'start-apiextensions-informers',
      'start-apiextensions-controllers',
      'crd-informer-synced',
      'start-system-namespaces-controller',
      'start-cluster-authentication-info-controller',
      'rbac/bootstrap-roles',
      'scheduling/bootstrap-system-priority-classes',
      'priority-and-fairness-config-producer',
      'bootstrap-controller',
      'start-kubernetes-service-cidr-controller',
      'start-kube-aggregator-informers',
      'apiservice-status-local-available-controller',
      'apiservice-status-remote-available-controller',
      'apiservice-registration-controller',
      'apiservice-wait-for-first-sync',
      'apiservice-discovery-controller',
      'kube-apiserver-autoregistration',
    ].map(hook => `poststarthook/${hook}`),
    'autoregister-completion',
  ]
  t.deepEqual(checksOf(livez.text), alive)
  t.deepEqual(checksOf((await api.raw('/healthz?verbose')).text), alive)
  const ready = checksOf((await api.raw('/readyz?verbose')).text)
  const [ping, log, etcd, ...others] = alive
  t.deepEqual(ready, [ping!, log!, etcd!, 'etcd-readiness', 'informer-sync', ...others, 'shutdown'])
  const { body } = await api.raw('/')
  for (const name of alive) t.true(body.paths.includes(`/livez/${name}`), name)
  t.false(body.paths.includes('/livez/shutdown'))
})

test.serial('one check can be asked for, and checks can be left out', async t => {
  t.is((await api.raw('/readyz/etcd')).text, 'ok')
  t.is((await api.raw('/livez/poststarthook/rbac/bootstrap-roles')).text, 'ok')
  t.is((await api.raw('/livez/shutdown')).status, 404)
  t.is((await api.raw('/readyz/nothing')).status, 404)
  const plain = await api.raw('/livez')
  t.is(plain.text, 'ok')
  t.is(plain.headers['x-content-type-options'], 'nosniff')
  const { text } = await api.raw('/readyz?verbose&exclude=etcd&exclude=zero&exclude=nothing')
  t.true(text.includes('[+]etcd excluded: ok\n'))
  t.true(text.includes('warn: some health checks cannot be excluded: no matches for "nothing","zero"\n'))
})

test.serial('what is not well is told to nobody but who asks for it', async t => {
  await api.redis.kill()
  const asked = Promise.all(['/readyz', '/livez?exclude=etcd', '/livez/etcd'].map(path => api.raw(path)))
  const [readyz, excluding, etcd] = await asked.finally(() => api.redis.start())
  t.is(readyz!.status, 500)
  t.true(readyz!.text.includes('[-]etcd failed: reason withheld\n'))
  t.regex(readyz!.text, /\nreadyz check failed\n$/)
  t.is(excluding!.status, 200)
  t.is(etcd!.status, 500)
  t.regex(etcd!.text, /^internal server error: .+\n$/)
})

test.serial('every cluster has the classes of system Pods', async t => {
  const classes = await api.kubectl('1.32', 'get', 'priorityclasses')
  t.regex(classes, /^system-cluster-critical +2000000000 +false /m)
  t.regex(classes, /^system-node-critical +2000001000 +false /m)
})

test.serial('a request may shorten its time-out', async t => {
  const wrong = await api.raw('/api/v1/namespaces?timeout=soon')
  t.is(wrong.status, 400)
  t.regex(wrong.body.message, /invalid duration "soon"/)
  t.is((await api.raw('/api/v1/namespaces?timeout=1m30s')).status, 200)
  await api.redis.kill()
  try {
    const late = await api.raw('/api/v1/namespaces?timeout=50ms')
    t.is(late.status, 504)
    t.is(late.body.reason, 'Timeout')
  } finally {
    api.redis.start()
  }
})

test('the root lists the paths that are answered', async t => {
  const { paths } = (await api.raw('/')).body
  for (const path of ['/apis/apps/v1', '/healthz/ping', '/readyz/shutdown', '/openapi/v3', '/version']) {
    t.true(paths.includes(path), path)
  }
})

test.serial('HTTP/2 and HTTP/1.1 are both served', async t => {
  const { connect } = await import('node:http2')
  const session = connect(api.url, { ca: api.pki.ca.cert, ...api.pki.clients.admin })
  t.teardown(() => session.close())
  const stream = session.request({ ':path': '/api/v1/namespaces/default' })
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  t.is(headers[':status'], 200)
  t.is(JSON.parse((await buffer(stream)).toString()).metadata.name, 'default')
})
