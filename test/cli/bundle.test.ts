/**
 * What users run is `./skiff`, one bundle of the sources. Tests run the sources, so what only the bundle can break is asked
 * for here: parts that are loaded when they are first needed, packages that are not plain modules, files found beside a
 * source.
 */
import { on, once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import test from 'ava'
import { WebSocket } from 'ws'
import { parse, stringify } from 'yaml'
import { type ClientConfig, loadKubeconfig } from '../../api/client/kubeconfig.ts'
import { loadSchemas } from '../../api/schema/schemas.ts'
import { decodeProtobuf } from '../../control-plane/apiserver/protobuf/decode.ts'
import { Encoder } from '../../control-plane/apiserver/protobuf/encode.ts'
import { issueCertificate } from '../../control-plane/auth/pki.ts'
import { startAdmissionServer } from '../helpers/admission-webhook.ts'
import { startEchoKubelet } from '../helpers/echo-kubelet.ts'
import { startKms } from '../helpers/kms-server.ts'
import { freePort } from '../helpers/ports.ts'
import { bundledSkiff, type ServerProcess, startBundledServer } from '../helpers/skiff-process.ts'

/** Making the bundle takes seconds, and more on a machine that has much else to do. Milliseconds. */
const TO_BUNDLE = 600_000
const YAML = 'application/yaml'
const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

const dir = await mkdtemp(join(tmpdir(), 'skiff-bundle-'))
const [data, encryptionFile, policyFile, auditFile] = ['data', 'encryption', 'policy', 'audit.log'].map(
  name => join(dir, name),
) as [string, string, string, string]
const kms = await startKms()
let server: ServerProcess | undefined
let config: ClientConfig
let agent: Agent

async function start(): Promise<void> {
  const encryption = ['--encryption-provider-config', encryptionFile]
  const audit = ['--audit-policy-file', policyFile, '--audit-log-path', auditFile]
  server = await startBundledServer(data, await freePort(), ...encryption, ...audit)
  config = await loadKubeconfig(server.kubeconfig)
  agent = new Agent({ ca: config.ca, cert: config.cert, key: config.key, keepAlive: true })
}

async function stop(): Promise<void> {
  agent?.destroy()
  await server?.stop()
}

async function configure(): Promise<void> {
  const providers = [{ kms: { apiVersion: 'v2', name: 'vault', endpoint: kms.endpoint } }, { identity: {} }]
  const configuration = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration' }
  await writeFile(
    encryptionFile,
    stringify({ ...configuration, resources: [{ resources: ['secrets'], providers }] }),
  )
  const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'RequestResponse' }] }
  await writeFile(policyFile, stringify(policy))
}

test.after.always(async () => {
  await stop()
  await kms.remove()
  await rm(dir, { recursive: true, force: true })
})

interface Answer {
  status: number
  type: string
  bytes: Buffer
  text: string
}

/** One request; a body that is no text or bytes is sent in JSON. */
async function ask(
  path: string,
  { body, method, headers = {} }: { body?: unknown; method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const content = typeof body === 'string' || Buffer.isBuffer(body) ? body : body && JSON.stringify(body)
  const sent = request(config.server + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    agent,
    headers: { 'content-type': 'application/json', ...headers },
  })
  sent.end(content)
  const [response] = await once(sent, 'response')
  const bytes = await buffer(response)
  return {
    status: response.statusCode,
    type: response.headers['content-type'],
    bytes,
    text: bytes.toString(),
  }
}

/** Asks until the answer is as wished, for a minute. */
async function askUntil(
  holds: (answer: Answer) => boolean,
  ...asked: Parameters<typeof ask>
): Promise<Answer> {
  for (const end = Date.now() + 60_000; ; await sleep(50)) {
    const answer = await ask(...asked)
    if (holds(answer)) return answer
    if (Date.now() > end) throw new Error(`${asked[0]} still answers ${answer.status} ${answer.text}`)
  }
}

const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { who: name },
})

test.serial('the bundle says which version it is, and lists what it can do', async t => {
  t.timeout(TO_BUNDLE, 'making the bundle')
  const { stdout } = await bundledSkiff('version')
  t.regex(stdout, /^skiff \d+\.\d+\.\d+ \(Kubernetes v1\.34, Node v24\./)
  t.regex((await bundledSkiff('--help')).stdout, /restore \[options\] <file>/)
})

test.serial('a server starts from the bundle with all that is configured by files', async t => {
  await configure()
  await start()
  const { status, text } = await ask('/readyz')
  t.deepEqual([status, text], [200, 'ok'])
})

test.serial('the bundle reads and writes YAML', async t => {
  const headers = { 'content-type': YAML, accept: YAML }
  const created = await ask(CONFIG_MAPS, { body: stringify(configMap('yaml')), headers })
  t.is(created.status, 201, created.text)
  t.is(created.type, YAML)
  t.deepEqual(parse(created.text).data, { who: 'yaml' })
  const applied = await ask(`${CONFIG_MAPS}/applied?fieldManager=test`, {
    method: 'PATCH',
    body: stringify(configMap('applied')),
    headers: { 'content-type': 'application/apply-patch+yaml' },
  })
  t.is(applied.status, 201, applied.text)
  const broken = await ask(CONFIG_MAPS, { body: 'a: [', headers })
  t.is(broken.status, 400, broken.text)
  t.regex(parse(broken.text).message, /yaml: line 1/)
})

test.serial('the bundle reads and writes protobuf', async t => {
  const schemas = loadSchemas()
  const body = new Encoder(schemas).object(configMap('protobuf'))!
  const headers = { 'content-type': PROTOBUF, accept: PROTOBUF }
  const created = await ask(CONFIG_MAPS, { body, headers })
  t.is(created.status, 201, created.text)
  t.is(created.type, PROTOBUF)
  t.deepEqual(decodeProtobuf(schemas, created.bytes).data, { who: 'protobuf' })
})

test.serial('the bundle says what is wrong with a body', async t => {
  const broken = await ask(CONFIG_MAPS, { body: '{"metadata":' })
  t.is(broken.status, 400)
  t.regex(JSON.parse(broken.text).message, /unexpected end of JSON input|unexpected EOF/)
  const unknown = await ask(CONFIG_MAPS, { body: 'x', headers: { 'content-type': 'text/plain' } })
  t.is(unknown.status, 415, unknown.text)
  const patch = {
    method: 'PATCH',
    body: '[{"op":',
    headers: { 'content-type': 'application/json-patch+json' },
  }
  t.is((await ask(`${CONFIG_MAPS}/yaml`, patch)).status, 400)
})

test.serial('the bundle compresses what is large', async t => {
  for (const name of ['large-a', 'large-b']) {
    const large = { ...configMap(name), data: { text: 'x'.repeat(100_000) } }
    t.is((await ask(CONFIG_MAPS, { body: large })).status, 201)
  }
  const { bytes } = await ask(CONFIG_MAPS, { headers: { 'accept-encoding': 'gzip' } })
  t.true(JSON.parse(gunzipSync(bytes).toString()).items.length >= 2)
})

test.serial('the bundle serves its documents, OpenAPI v2 in protobuf too', async t => {
  const v2 = await ask('/openapi/v2', {
    headers: { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' },
  })
  t.is(v2.status, 200, v2.text.slice(0, 500))
  t.is(v2.bytes.subarray(0, 5).toString(), '\n\x032.0')
  t.truthy(JSON.parse((await ask('/openapi/v3/api/v1')).text).components.schemas)
  t.regex((await ask('/debug/api_priority_and_fairness/dump_priority_levels')).text, /^PriorityLevelName,/)
})

test.serial('the bundle encrypts by a key management service, over gRPC', async t => {
  const metadata = { name: 'hidden' }
  const created = await ask('/api/v1/namespaces/default/secrets', {
    body: { metadata, stringData: { word: 'open sesame' } },
  })
  t.is(created.status, 201, created.text)
  t.true(kms.calls.Encrypt > 0)
  const read = await ask('/api/v1/namespaces/default/secrets/hidden')
  t.is(Buffer.from(JSON.parse(read.text).data.word, 'base64').toString(), 'open sesame')
})

test.serial('the bundle writes requests to the audit log, whatever form they had', async t => {
  const isComplete = ({ verb, stage, objectRef }: any): boolean =>
    verb === 'create' && stage === 'ResponseComplete' && objectRef?.resource === 'configmaps'
  const namesOf = (text: string): string[] =>
    text
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line))
      .filter(isComplete)
      .flatMap(({ requestObject }) => requestObject?.metadata?.name ?? [])
  const wanted = ['yaml', 'protobuf', 'large-a']
  let told: string[] = []
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) {
    told = namesOf(await readFile(auditFile, 'utf8'))
    if (wanted.every(name => told.includes(name))) break
  }
  for (const name of wanted) t.true(told.includes(name), name)
})

/** A WebSocket, and its messages until it is closed. */
function open(path: string, protocol?: string) {
  const { ca, cert, key } = config
  const socket = new WebSocket(config.server.replace('https', 'wss') + path, protocol, { ca, cert, key })
  const messages = on(socket, 'message', { close: ['close'] })
  const next = async (): Promise<Buffer> => (await messages.next()).value![0]
  return { socket, next }
}

test.serial('the bundle lets browsers watch over WebSockets', async t => {
  const { socket, next } = open(`${CONFIG_MAPS}?watch=true&fieldSelector=metadata.name%3Dyaml`)
  const event = JSON.parse((await next()).toString())
  t.deepEqual([event.type, event.object.metadata.name], ['ADDED', 'yaml'])
  socket.close()
})

test.serial('the bundle runs commands in containers over WebSockets', async t => {
  const [cert, key] = await Promise.all(
    ['ca.crt', 'ca.key'].map(name => readFile(join(data, 'pki', name), 'utf8')),
  )
  const pair = await issueCertificate({
    ca: { cert: cert!, key: key! },
    commonName: 'system:node:n',
    usage: 'server',
    days: 1,
    sans: { addresses: ['127.0.0.1'] },
  })
  const kubelet = await startEchoKubelet(pair)
  t.teardown(() => kubelet.stop())
  const namespace = '/api/v1/namespaces/default'
  const pod = { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } }
  for (const [path, body] of [
    ['/api/v1/nodes', { metadata: { name: 'n' }, status: kubelet.nodeStatus }],
    [`${namespace}/serviceaccounts`, { metadata: { name: 'default' } }],
    [`${namespace}/pods`, pod],
  ] as const) {
    const { status, text } = await ask(path, { body })
    t.is(status, 201, text)
  }
  const query = 'command=cat&stdin=true&stdout=true'
  const { socket, next } = open(`${namespace}/pods/p/exec?${query}`, 'v5.channel.k8s.io')
  await once(socket, 'open')
  socket.send(Buffer.from('\0hello'))
  t.is((await next()).toString(), '\x01hello')
  socket.send(Buffer.of(255, 0))
  const last = await next()
  t.is(last[0], 3)
  t.is(JSON.parse(last.subarray(1).toString()).status, 'Success')
})

test.serial('the bundle evaluates expressions', async t => {
  const rule = { rule: 'self.min <= self.max', message: 'min is more than max' }
  const limits = { type: 'integer' }
  const spec = {
    type: 'object',
    properties: { min: limits, max: limits },
    'x-kubernetes-validations': [rule],
  }
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
  }
  const created = await ask('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    body: {
      metadata: { name: 'ranges.bundle.test' },
      spec: {
        group: 'bundle.test',
        scope: 'Namespaced',
        names: { plural: 'ranges', kind: 'Range' },
        versions: [version],
      },
    },
  })
  t.is(created.status, 201, created.text)
  const range = {
    apiVersion: 'bundle.test/v1',
    kind: 'Range',
    metadata: { name: 'r' },
    spec: { min: 2, max: 1 },
  }
  const path = '/apis/bundle.test/v1/namespaces/default/ranges'
  const refused = await askUntil(({ status }) => status !== 404, path, { body: range })
  t.is(refused.status, 422, refused.text)
  t.regex(refused.text, /min is more than max/)
})

test.serial('the bundle asks admission webhooks', async t => {
  const hooks = await startAdmissionServer()
  t.teardown(() => hooks.stop())
  const clientConfig = hooks.at('/never', () => ({ allowed: false, status: { message: 'not by me' } }))
  const webhook = {
    name: 'never.bundle.test',
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['endpoints'] }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    clientConfig,
  }
  const configurations = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
  const created = await ask(configurations, { body: { metadata: { name: 'never' }, webhooks: [webhook] } })
  t.is(created.status, 201, created.text)
  const refused = await askUntil(
    ({ status }) => status >= 400,
    '/api/v1/namespaces/default/endpoints?dryRun=All',
    { body: { metadata: { name: 'e' } } },
  )
  t.is(refused.status, 400, refused.text)
  t.regex(refused.text, /admission webhook \\"never\.bundle\.test\\" denied the request: not by me/)
})

test.serial('the bundle writes a backup and restores it', async t => {
  const file = join(dir, 'backup')
  const taken = await bundledSkiff('backup', file, '--data', data)
  t.is(taken.code, 0, taken.stderr)
  t.is((await ask(`${CONFIG_MAPS}/yaml`, { method: 'DELETE' })).status, 200)
  await stop()
  const restored = await bundledSkiff('restore', file, '--data', data, '--replace')
  t.is(restored.code, 0, restored.stderr)
  await start()
  t.deepEqual(JSON.parse((await ask(`${CONFIG_MAPS}/yaml`)).text).data, { who: 'yaml' })
  t.is((await ask('/api/v1/namespaces/default/secrets/hidden')).status, 200)
})
