import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import test, { type ExecutionContext } from 'ava'
import { stringify } from 'yaml'
import { loadKubeconfig } from '../../../api/client/kubeconfig.ts'
import { createTransport } from '../../../api/client/transport.ts'
import { callWebhook } from '../../../control-plane/apiserver/webhooks/call.ts'
import { readWebhookUsers } from '../../../control-plane/apiserver/webhooks/credentials.ts'
import { createAuthority, issueCertificate } from '../../../control-plane/auth/certificates.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'
import { startTlsServer, type TlsServer, type TlsServerOptions } from '../../helpers/tls-server.ts'

const V1 = 'client.authentication.k8s.io/v1'

/** A server that says who asked, a folder for programs and kubeconfigs. */
interface Scene {
  tls: TlsServer
  dir: string
  /** A kubeconfig for the server whose user is the one given. */
  kubeconfig(user: object): Promise<string>
  /** A program that says what is in the file beside it, and writes down how often it ran and what it was told. */
  program(status: object): Promise<object>
}

const whoAsked = (request: IncomingMessage, response: ServerResponse): void => {
  const { subject } = (request.socket as TLSSocket).getPeerCertificate()
  response.end(JSON.stringify({ authorization: request.headers.authorization, name: subject?.CN }))
}

async function startScene(
  t: ExecutionContext,
  handle = whoAsked,
  options: TlsServerOptions = {},
): Promise<Scene> {
  const tls = await startTlsServer(handle, options)
  const dir = await mkdtemp(join(tmpdir(), 'skiff-exec-'))
  t.teardown(async () => {
    await tls.stop()
    await rm(dir, { recursive: true })
  })
  return {
    tls,
    dir,
    async kubeconfig(user) {
      const file = join(dir, 'kubeconfig')
      const cluster = { server: tls.url, 'certificate-authority-data': tls.caBundle }
      const document = {
        clusters: [{ name: 'c', cluster }],
        users: [{ name: '*', user }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: '*' } }],
        'current-context': 'x',
      }
      await writeFile(file, stringify(document))
      return file
    },
    async program(status) {
      const answer = join(dir, 'answer')
      await writeFile(answer, JSON.stringify({ apiVersion: V1, kind: 'ExecCredential', status }))
      const file = join(dir, 'give')
      await writeFile(file, `echo "$KUBERNETES_EXEC_INFO $GREETING $1" >> ${dir}/runs\ncat ${answer}\n`)
      // A file that was just written cannot always be run by itself: a fork may still have it open.
      return { command: 'sh', args: [file, 'first'] }
    },
  }
}

const plugin = (more: object) => ({
  exec: { apiVersion: V1, command: './give', interactiveMode: 'Never', ...more },
})

async function ask(file: string): Promise<any> {
  const transport = createTransport(await loadKubeconfig(file))
  try {
    return JSON.parse((await transport.send({ method: 'GET', path: '/' })).toString())
  } finally {
    transport.close()
  }
}

test('a program gives a token, and is told which cluster it is for', async t => {
  const { dir, tls, kubeconfig, program } = await startScene(t)
  const given = await program({ token: 'given' })
  const env = [{ name: 'GREETING', value: 'hello' }]
  const file = await kubeconfig(plugin({ ...given, env, provideClusterInfo: true }))
  t.is((await ask(file)).authorization, 'Bearer given')
  const [info = '', ...rest] = (await readFile(join(dir, 'runs'), 'utf8')).trim().split(' ')
  t.deepEqual(rest, ['hello', 'first'])
  const { spec, ...types } = JSON.parse(info)
  t.deepEqual(types, { kind: 'ExecCredential', apiVersion: V1 })
  t.like(spec, { interactive: false, cluster: { server: tls.url } })
  t.truthy(spec.cluster['certificate-authority-data'])
})

test('a program gives a certificate', async t => {
  const ca = await createAuthority('clients', 2)
  const { cert, key } = await issueCertificate({ commonName: 'me', usage: 'client', ca, days: 1 })
  const { kubeconfig, program } = await startScene(t, whoAsked, { clientCa: ca.cert })
  const given = await program({ clientCertificateData: cert, clientKeyData: key })
  t.deepEqual(await ask(await kubeconfig(plugin(given))), { name: 'me' })
})

test('a program is asked again when what it gave has run out or was refused, and not before', async t => {
  let isKnown = true
  const { dir, kubeconfig, program } = await startScene(t, (request, response) => {
    if (!isKnown) response.statusCode = 401
    whoAsked(request, response)
  })
  const given = await program({ token: 'one' })
  const transport = createTransport(await loadKubeconfig(await kubeconfig(plugin(given))))
  t.teardown(() => transport.close())
  const runs = async () => (await readFile(join(dir, 'runs'), 'utf8')).trim().split('\n').length
  const token = async () =>
    JSON.parse((await transport.send({ method: 'GET', path: '/' })).toString()).authorization
  t.deepEqual([await token(), await token()], ['Bearer one', 'Bearer one'])
  t.is(await runs(), 1)
  isKnown = false
  await program({ token: 'two', expirationTimestamp: '2020-01-01T00:00:00Z' })
  await t.throwsAsync(token())
  isKnown = true
  t.is(await token(), 'Bearer two')
  t.is(await runs(), 2)
  await program({ token: 'three' })
  t.deepEqual([await token(), await token()], ['Bearer three', 'Bearer three'])
  t.is(await runs(), 3)
})

test('name and password are shown', async t => {
  const { kubeconfig } = await startScene(t)
  const { authorization } = await ask(await kubeconfig({ username: 'jane', password: 'a:b' }))
  t.is(authorization, `Basic ${Buffer.from('jane:a:b').toString('base64')}`)
})

test('webhooks are shown what a program gives for them, anew where they do not know it', async t => {
  let isKnown = false
  const { tls, dir, kubeconfig, program } = await startScene(t, (request, response) => {
    response.statusCode = isKnown ? 200 : 401
    isKnown = true
    whoAsked(request, response)
  })
  const given = await program({ token: 'given' })
  const find = await readWebhookUsers(await kubeconfig(plugin(given)))
  const call = () =>
    callWebhook({ url: tls.url, caBundle: tls.caBundle }, {}, createFakeInformers(), 60_000, {}, find)
  await t.throwsAsync(call(), { message: /has asked for the client to provide credentials/ })
  t.is((await call()).authorization, 'Bearer given')
  await call()
  t.is((await readFile(join(dir, 'runs'), 'utf8')).trim().split('\n').length, 2)
})

const FAULTS: [string, object, object | undefined, string][] = [
  [
    'that is not there',
    { command: 'no-such-program-here', installHint: 'Get it.' },
    undefined,
    'exec: executable no-such-program-here not found\n\nGet it.',
  ],
  ['that fails', { command: 'false' }, undefined, 'exec: executable false failed with exit code 1'],
  ['that says nothing', { command: 'true' }, undefined, 'decoding stdout: Unexpected end of JSON input'],
  ['without credentials', {}, {}, "exec plugin didn't return a token or cert/key pair"],
  ['with half a pair', {}, { clientKeyData: 'x' }, 'exec plugin returned only certificate or key, not both'],
  [
    'of another version',
    { apiVersion: `${V1}beta1` },
    { token: 'x' },
    `exec plugin is configured to use API version ${V1}beta1, plugin returned version ${V1}`,
  ],
  [
    'that must ask somebody',
    { interactiveMode: 'Always' },
    { token: 'x' },
    'exec plugin cannot support interactive mode: standard input is not a terminal',
  ],
]

for (const [title, exec, status, fault] of FAULTS) {
  test(`what is wrong is told of a program ${title}`, async t => {
    const { kubeconfig, program } = await startScene(t)
    const given = status && (await program(status))
    const error = await t.throwsAsync(ask(await kubeconfig(plugin({ ...given, ...exec }))))
    t.true(error!.message.endsWith(`getting credentials: ${fault}`), error!.message)
  })
}

test('a program is looked for beside the kubeconfig where it is told with a path', async t => {
  const { dir, kubeconfig } = await startScene(t)
  const commandOf = async (command: string) => {
    const { exec } = await loadKubeconfig(await kubeconfig(plugin({ command })))
    return exec!.command
  }
  t.is(await commandOf('./give'), join(dir, 'give'))
  t.is(await commandOf('/bin/give'), '/bin/give')
  t.is(await commandOf('give'), 'give')
})

test('a user of a kubeconfig is checked as client-go does', async t => {
  const { kubeconfig } = await startScene(t)
  const faults: [object, string][] = [
    [
      { token: 'a', username: 'b' },
      'more than one authentication method found for *; found [token basicAuth], only one is allowed',
    ],
    [plugin({ command: '' }), 'command must be specified for * to use exec authentication plugin'],
    [plugin({ apiVersion: '' }), 'apiVersion must be specified for * to use exec authentication plugin'],
    [plugin({ apiVersion: 'v1' }), 'exec plugin: invalid apiVersion "v1"'],
    [
      plugin({ env: [{ value: 'x' }] }),
      'env variable name must be specified for * to use exec authentication plugin',
    ],
    [
      plugin({ interactiveMode: undefined }),
      'interactiveMode must be specified for * to use exec authentication plugin',
    ],
    [plugin({ interactiveMode: 'Often' }), 'invalid interactiveMode for *: "Often"'],
  ]
  for (const [user, fault] of faults) {
    const file = await kubeconfig(user)
    await t.throwsAsync(loadKubeconfig(file), { message: `kubeconfig ${file}: ${fault}` })
  }
})
