import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppsV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import test from 'ava'
import { startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
const dir = await mkdtemp(join(tmpdir(), 'skiff-apply-'))
test.after.always(async () => {
  await api.stop()
  await rm(dir, { recursive: true, force: true })
})

const manifest = (name: string, replicas: number, image = 'web:1') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
      - {name: web, image: "${image}", ports: [{containerPort: 80}]}
`

const MANAGERS = 'jsonpath={range .metadata.managedFields[*]}{.manager}/{.operation}/{.subresource} {end}'

for (const version of ['1.27', '1.33']) {
  const k = (...args: string[]) => api.kubectl(version, ...args)
  const suffix = version.replace('.', '-')
  const fileOf = async (name: string, text: string) => {
    const file = join(dir, `${name}.yaml`)
    await writeFile(file, text)
    return file
  }

  test(`kubectl applies on the server's side, finds conflicts and forces them, ${version}`, async t => {
    const name = `ssa-${suffix}`
    const file = await fileOf(name, manifest(name, 2))
    t.is(await k('apply', '--server-side', '-f', file), `deployment.apps/${name} serverside-applied\n`)
    const revision = await k('get', 'deploy', name, '-o', 'jsonpath={.metadata.resourceVersion}')
    await k('apply', '--server-side', '-f', file)
    t.is(await k('get', 'deploy', name, '-o', 'jsonpath={.metadata.resourceVersion}'), revision)
    const other = await fileOf(`${name}-other`, manifest(name, 3))
    const error = await t.throwsAsync(k('apply', '--server-side', '--field-manager=other', '-f', other))
    t.true(error.message.includes('Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas'))
    await k('apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', other)
    t.is(await k('get', 'deploy', name, '-o', 'jsonpath={.spec.replicas}'), '3')
  })

  test(`kubectl shows managedFields when asked, ${version}`, async t => {
    const name = `shown-${suffix}`
    await k('create', 'configmap', name, '--from-literal=a=b')
    t.false((await k('get', 'cm', name, '-o', 'yaml')).includes('managedFields'))
    const yaml = await k('get', 'cm', name, '-o', 'yaml', '--show-managed-fields')
    t.true(yaml.includes('manager: kubectl-create'))
    t.true(yaml.includes('f:data:\n        .: {}\n        f:a: {}'))
  })

  test(`kubectl diff --server-side tells what an apply would change, ${version}`, async t => {
    const name = `diff-${suffix}`
    await k('apply', '--server-side', '-f', await fileOf(name, manifest(name, 2)))
    t.is(await k('diff', '--server-side', '-f', join(dir, `${name}.yaml`)), '')
    const changed = await fileOf(`${name}-new`, manifest(name, 4))
    const error = (await t.throwsAsync(k('diff', '--server-side', '-f', changed))) as any
    t.is(error.code, 1)
    t.regex(error.stdout, /-\s+replicas: 2\n\+\s+replicas: 4/)
  })

  test(`what kubectl applied from its own side it takes over on the server's, ${version}`, async t => {
    const name = `migrated-${suffix}`
    await k('apply', '-f', await fileOf(name, manifest(name, 2)))
    t.true((await k('get', 'deploy', name, '-o', MANAGERS)).includes('kubectl-client-side-apply/Update/'))
    const changed = await fileOf(`${name}-new`, manifest(name, 3, 'web:2'))
    await k('apply', '--server-side', '-f', changed)
    const path = 'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}'
    t.is(await k('get', 'deploy', name, '-o', path), '3 web:2')
    const managers = await k('get', 'deploy', name, '-o', MANAGERS)
    t.true(managers.includes('kubectl/Apply/'), managers)
    t.false(managers.includes('kubectl-client-side-apply'), managers)
    const annotation = 'jsonpath={.metadata.annotations.kubectl\\.kubernetes\\.io/last-applied-configuration}'
    t.is(JSON.parse(await k('get', 'deploy', name, '-o', annotation)).spec.replicas, 3)
    // Back again: fields that the old way of apply knows to be its own go as ever.
    await k('apply', '-f', changed)
    t.is(await k('apply', '-f', changed), `deployment.apps/${name} unchanged\n`)
  })

  test(`a field that is left out goes, one that scale took stays, ${version}`, async t => {
    const name = `scaled-${suffix}`
    const file = await fileOf(name, manifest(name, 2))
    await k('apply', '--server-side', '-f', file)
    await k('scale', 'deploy', name, '--replicas=5')
    t.regex(await k('get', 'deploy', name, '-o', MANAGERS), /kubectl\S*\/Update\/scale /)
    await t.throwsAsync(k('apply', '--server-side', '-f', file), { message: /with subresource "scale"/ })
    await writeFile(file, manifest(name, 5))
    await k('apply', '--server-side', '-f', file)
    await writeFile(file, manifest(name, 5).replace(/ {2}replicas.*\n/, ''))
    await k('apply', '--server-side', '-f', file)
    t.is(await k('get', 'deploy', name, '-o', 'jsonpath={.spec.replicas}'), '5')
  })
}

test('the JavaScript client applies', async t => {
  const config = new KubeConfig()
  config.loadFromFile(api.kubeconfig)
  const apps = config.makeApiClient(AppsV1Api)
  const name = 'by-javascript'
  const body = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'web', image: 'web:1' }] },
      },
    },
  }
  const request = { name, namespace: 'default', body, fieldManager: 'script' }
  const options = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply)
  const applied = await apps.patchNamespacedDeployment(request, options)
  t.is(applied.metadata!.managedFields![0]!.manager, 'script')
  const again = await apps.patchNamespacedDeployment(request, options)
  t.is(again.metadata!.resourceVersion, applied.metadata!.resourceVersion)
})
