import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { Registry } from 'prom-client'
import { openAudit } from '../../../../cli/server/audit.ts'
import { type AuditFlags, backendFlags } from '../../../../cli/server/audit-flags.ts'
import { startTestApiServer } from '../../../helpers/api-server.ts'
import { quietLog } from '../../../helpers/log.ts'
import { startTlsServer, type TlsServer } from '../../../helpers/tls-server.ts'

type Handle = (request: IncomingMessage, response: ServerResponse, items: any[]) => void

/** A receiver of audit events, with the kubeconfig for it and all that it was sent. */
interface Receiver {
  tls: TlsServer
  file: string
  batches: any[][]
  /** Resolves when so many events have come. */
  came(count: number): Promise<void>
}

const accept: Handle = (_request, response) => void response.end()

async function startReceiver(t: ExecutionContext, handle: Handle = accept): Promise<Receiver> {
  const batches: any[][] = []
  const waiting = new Set<() => void>()
  const tls = await startTlsServer(async (request, response) => {
    const { kind, apiVersion, items } = JSON.parse(await text(request))
    // Nothing is asserted here: a batch may still come when its test has ended.
    if (`${request.method} ${apiVersion} ${kind}` !== 'POST audit.k8s.io/v1 EventList') {
      response.writeHead(400).end()
      return
    }
    handle(request, response, items)
    batches.push(items)
    for (const look of waiting) look()
  })
  const dir = await mkdtemp(join(tmpdir(), 'skiff-audit-webhook-'))
  const file = join(dir, 'kubeconfig')
  await writeFile(file, kubeconfigFor(tls))
  t.teardown(async () => {
    await tls.stop()
    await rm(dir, { recursive: true })
  })
  const came = (count: number) =>
    new Promise<void>(resolve => {
      const look = () => {
        if (batches.flat().length < count) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  return { tls, file, batches, came }
}

const kubeconfigFor = ({ url, caBundle }: TlsServer): string => `
apiVersion: v1
kind: Config
clusters: [{name: a, cluster: {server: "${url}/audit", certificate-authority-data: ${caBundle}}}]
users: [{name: a, user: {token: secret}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
current-context: a
`

/** No test is to fail as the machine has much to do. Milliseconds. */
const PATIENCE = 100_000

async function open(flags: AuditFlags, flushDeadline = PATIENCE) {
  const registry = new Registry()
  const { backend, options } = await openAudit(flags, registry, quietLog, flushDeadline)
  const write = (...ids: (number | string)[]) =>
    ids.map(id => options.audit!({ level: 'Metadata', auditID: id }))
  const lost = async (plugin: string): Promise<number> => {
    const found = new RegExp(`^apiserver_audit_error_total\\{plugin="${plugin}"\\} (\\d+)$`, 'm').exec(
      await registry.metrics(),
    )
    return Number(found?.[1] ?? 0)
  }
  return { backend: backend!, write, lost, options }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const idsOf = (batches: any[][]): unknown[] => batches.flat().map(({ auditID }) => auditID)

test('events are posted in batches of a size, the rest when the server ends', async t => {
  const paths: unknown[] = []
  const receiver = await startReceiver(t, (request, response) => {
    paths.push(request.url, request.headers.authorization)
    response.end()
  })
  const { backend, write } = await open({
    auditWebhookConfigFile: receiver.file,
    auditWebhookBatchMaxSize: 4,
    auditWebhookBatchMaxWait: '1h',
  })
  write(...numbers(10))
  await receiver.came(8)
  t.deepEqual(
    receiver.batches.map(({ length }) => length),
    [4, 4],
  )
  await backend.close()
  t.deepEqual(idsOf(receiver.batches).toSorted(), numbers(10))
  t.deepEqual(paths.slice(0, 2), ['/audit', 'Bearer secret'])
})

test('a batch that is not full is posted when its first event has waited', async t => {
  const receiver = await startReceiver(t)
  const { backend, write } = await open({
    auditWebhookConfigFile: receiver.file,
    auditWebhookBatchMaxWait: '20ms',
  })
  write('a', 'b')
  await receiver.came(2)
  write('c')
  await receiver.came(3)
  t.deepEqual(idsOf(receiver.batches), ['a', 'b', 'c'])
  await backend.close()
})

test('a receiver that fails is asked again, and what never gets there is counted', async t => {
  let failures = 2
  const receiver = await startReceiver(t, (_request, response) => {
    response.statusCode = failures-- > 0 ? 500 : 200
    response.end()
  })
  const { backend, write, lost } = await open({
    auditWebhookConfigFile: receiver.file,
    auditWebhookBatchMaxSize: 1,
    auditWebhookInitialBackoff: '1ms',
  })
  write('again')
  await receiver.came(3)
  await backend.close()
  t.is(await lost('webhook'), 0)

  failures = Number.POSITIVE_INFINITY
  const other = await open({
    auditWebhookConfigFile: receiver.file,
    auditWebhookBatchMaxSize: 1,
    auditWebhookInitialBackoff: '1ms',
  })
  other.write('never')
  await receiver.came(8)
  await other.backend.close()
  t.is(await other.lost('webhook'), 1)
})

test('a receiver that is slow costs no more memory than the buffer, and what does not fit is counted', async t => {
  const held: ServerResponse[] = []
  const receiver = await startReceiver(t, (_request, response) => void held.push(response))
  const { backend, write, lost } = await open({
    auditWebhookConfigFile: receiver.file,
    auditWebhookBatchMaxSize: 1,
    auditWebhookBatchBufferSize: 5,
    auditWebhookBatchThrottleEnable: 'false',
  })
  // Sixteen are on their way, five wait.
  write(...numbers(30))
  t.is(await lost('buffered'), 30 - 16 - 5)
  await receiver.came(16)
  for (const response of held) response.end()
  await receiver.came(21)
  t.deepEqual(
    idsOf(receiver.batches).toSorted((a, b) => Number(a) - Number(b)),
    numbers(21),
  )
  for (const response of held) response.end()
  await backend.close()
})

test('a server ends though its receiver does not answer', async t => {
  const receiver = await startReceiver(t, () => {})
  const { backend, write, lost } = await open(
    {
      auditWebhookConfigFile: receiver.file,
      auditWebhookBatchMaxSize: 2,
    },
    100,
  )
  write(...numbers(5))
  await receiver.came(4)
  await backend.close()
  t.is(await lost('webhook'), 5)
  write('late')
  t.is(await lost('buffered'), 1)
})

test('no more batches a second are posted than may be', async t => {
  const receiver = await startReceiver(t)
  const { backend, write } = await open({
    auditWebhookConfigFile: receiver.file,
    auditWebhookBatchMaxSize: 1,
    auditWebhookBatchThrottleQps: 0.001,
    auditWebhookBatchThrottleBurst: 2,
  })
  write(...numbers(4))
  await receiver.came(2)
  t.is(receiver.batches.length, 2)
  await backend.close()
  t.is(receiver.batches.length, 4)
})

test('events that are too large lose their objects, and are lost if they are too large still', async t => {
  const receiver = await startReceiver(t)
  const { backend, options, lost } = await open({
    auditWebhookConfigFile: receiver.file,
    auditWebhookBatchMaxSize: 1,
    auditWebhookTruncateEnabled: true,
    auditWebhookTruncateMaxEventSize: 500,
  })
  const large = 'x'.repeat(600)
  options.audit!({ level: 'Request', auditID: 'cut', requestObject: { large }, annotations: { a: 'b' } })
  options.audit!({ level: 'Request', auditID: 'whole', requestObject: { small: 1 } })
  options.audit!({ level: 'Metadata', auditID: 'lost', userAgent: large })
  await backend.close()
  const events = new Map(receiver.batches.flat().map(event => [event.auditID, event]))
  t.deepEqual(events.get('cut'), {
    level: 'Request',
    auditID: 'cut',
    annotations: { a: 'b', 'audit.k8s.io/truncated': 'true' },
  })
  t.deepEqual(events.get('whole').requestObject, { small: 1 })
  t.is(events.size, 2)
  t.is(await lost('truncate'), 1)
})

test('the log takes the same modes', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-audit-modes-'))
  t.teardown(() => rm(dir, { recursive: true }))
  for (const mode of ['batch', 'blocking', 'blocking-strict'] as const) {
    const path = join(dir, mode)
    const { backend, write } = await open({ auditLogPath: path, auditLogMode: mode })
    const answers = await Promise.all(write(1, 2, 3))
    t.deepEqual(answers, mode === 'batch' ? [undefined, undefined, undefined] : [true, true, true])
    if (mode !== 'batch') t.is((await readFile(path, 'utf8')).split('\n').length, 4)
    await backend.close()
    const lines = (await readFile(path, 'utf8')).trim().split('\n')
    t.deepEqual(
      lines.map(line => JSON.parse(line).auditID),
      [1, 2, 3],
    )
  }
})

test('a kubeconfig that cannot be used, or sizes that do not fit, stop the start', async t => {
  await t.throwsAsync(open({ auditWebhookConfigFile: '/nowhere' }), {
    message: /^--audit-webhook-config-file: initializing audit webhook: cannot read kubeconfig \/nowhere/,
  })
  await t.throwsAsync(open({ auditWebhookTruncateMaxBatchSize: 5 }), {
    message: 'invalid audit truncate webhook max batch size 5, must be greater than max event size (102400)',
  })
  t.deepEqual(backendFlags({ auditLogMode: 'batch', auditWebhookMode: 'blocking' }, 'auditWebhook'), {
    mode: 'blocking',
  })
})

test('with blocking-strict, a request that cannot be told of is refused; with blocking it is not', async t => {
  let isWell = true
  const stages: string[] = []
  const receiver = await startReceiver(t, (_request, response, items) => {
    stages.push(...items.map(({ stage, verb }) => `${verb} ${stage}`))
    response.statusCode = isWell ? 200 : 500
    response.end()
  })
  const policy = { rules: [{ level: 'RequestResponse', verbs: ['create', 'list'] }] } as const
  for (const mode of ['blocking-strict', 'blocking'] as const) {
    const { options, backend } = await open({
      auditWebhookConfigFile: receiver.file,
      auditWebhookMode: mode,
      auditWebhookInitialBackoff: '1ms',
    })
    const api = await startTestApiServer({ ...options, auditPolicy: { rules: [...policy.rules] } as never })
    isWell = true
    stages.length = 0
    const path = '/api/v1/namespaces/default/configmaps'
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }
    t.is((await api.raw(path, { body })).status, 201)
    t.deepEqual(stages, ['create RequestReceived', 'create ResponseComplete'])
    const told = receiver.batches.at(-1)!.at(-1)
    t.is(told.responseObject.metadata.name, 'a')
    isWell = false
    const { status, text: answer } = await api.raw(path)
    if (mode === 'blocking') t.is(status, 200)
    else {
      t.is(status, 500)
      t.is(answer, `Internal Server Error: "${path}": failed to store audit event\n`)
      const { text: metrics } = await api.raw('/metrics')
      t.regex(metrics, /^apiserver_audit_requests_rejected_total 1$/m)
      t.regex(metrics, /^apiserver_audit_event_total [3-9]$/m)
      t.regex(metrics, /^apiserver_audit_level_total\{level="RequestResponse"\} 2$/m)
      t.regex(metrics, /^apiserver_audit_level_total\{level="None"\} \d+$/m)
    }
    await api.stop()
    await backend.close()
  }
})

test('events wait for a receiver that has gone and comes back', async t => {
  const receiver = await startReceiver(t)
  let isGone = true
  receiver.tls.server.on('connection', socket => {
    if (isGone) socket.destroy()
    isGone = false
  })
  const { backend, write, lost } = await open({
    auditWebhookConfigFile: receiver.file,
    auditWebhookBatchMaxSize: 1,
    auditWebhookInitialBackoff: '10ms',
  })
  write('kept')
  await receiver.came(1)
  await backend.close()
  t.is(await lost('webhook'), 0)
})
