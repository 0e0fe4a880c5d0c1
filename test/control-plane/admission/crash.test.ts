import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { startAdmissionServer, until } from '../../helpers/admission-webhook.ts'
import { kubectlBinary } from '../../helpers/kubectl.ts'
import { freePort } from '../../helpers/ports.ts'
import { startServerProcess } from '../../helpers/skiff-process.ts'

const run = promisify(execFile)

test('a server killed while it waits for a webhook stores nothing, and holds to its configuration again', async t => {
  const data = await mkdtemp(join(tmpdir(), 'skiff-hooks-'))
  const hooks = await startAdmissionServer()
  const port = await freePort()
  let server = await startServerProcess(data, port)
  t.teardown(async () => {
    await server.stop()
    await hooks.stop()
    await rm(data, { recursive: true, force: true })
  })
  const kubectl = async (input: object | undefined, ...args: string[]): Promise<string> => {
    const running = run(kubectlBinary('1.33'), args, {
      env: { ...process.env, KUBECONFIG: server.kubeconfig, HOME: data },
    })
    if (input) running.child.stdin!.end(JSON.stringify(input))
    return (await running.catch(error => ({ stdout: error.stderr as string }))).stdout
  }
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'waiting' },
    webhooks: [
      {
        name: 'waiting.example.com',
        clientConfig: hooks.at('/waiting', () => ({ allowed: false, status: { message: 'known' } })),
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 30,
      },
    ],
  }
  await kubectl(configuration, 'create', '-f', '-')
  await until(async () =>
    /known/.test(await kubectl(undefined, 'create', 'configmap', 'x', '--dry-run=server')),
  )
  hooks.at('/waiting', () => undefined)
  const asked = hooks.asked.length
  const cut = kubectl(undefined, 'create', 'configmap', 'cut')
  await until(() => hooks.asked.length > asked)
  await server.stop('SIGKILL')
  t.regex(await cut, /EOF|refused|reset/)
  server = await startServerProcess(data, port)
  t.is(await kubectl(undefined, 'get', 'configmap', 'cut', '-o', 'name', '--ignore-not-found'), '')
  hooks.at('/waiting', () => ({ allowed: false, status: { message: 'still here' } }))
  t.is(
    await kubectl(undefined, 'create', 'configmap', 'cut'),
    'error: failed to create configmap: admission webhook "waiting.example.com" denied the request: still here\n',
  )
})
