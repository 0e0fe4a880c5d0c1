import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { until } from '../../helpers/admission-webhook.ts'
import { startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
const dir = await mkdtemp(join(tmpdir(), 'skiff-kubectl-'))
test.after.always(async () => {
  await api.stop()
  await rm(dir, { recursive: true, force: true })
})

const manifest = (name: string, replicas: number) => `
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
      - {name: web, image: web:1, ports: [{containerPort: 80}]}
`

/** An old kubectl speaks JSON, one from 1.32 on creates in protobuf. */
for (const version of ['1.27', '1.33']) {
  const k = (...args: string[]) => api.kubectl(version, ...args)
  const suffix = version.replace('.', '-')

  test(`kubectl creates, changes and deletes typed objects, ${version}`, async t => {
    const name = `made-${suffix}`
    t.is(await k('create', 'configmap', name, '--from-literal=a=b'), `configmap/${name} created\n`)
    t.is(await k('label', 'cm', name, 'x=y'), `configmap/${name} labeled\n`)
    t.is(await k('patch', 'cm', name, '-p', '{"data":{"c":"d"}}'), `configmap/${name} patched\n`)
    t.is(await k('get', 'cm', name, '-o', 'jsonpath={.data.a}{.data.c}{.metadata.labels.x}'), 'bdy')
    t.is(await k('annotate', 'cm', name, 'note=1', '-o', 'name'), `configmap/${name}\n`)
    t.is(await k('delete', 'cm', name), `configmap "${name}" deleted\n`)
  })

  test(`kubectl applies, finds nothing to change, configures and scales, ${version}`, async t => {
    const name = `web-${suffix}`
    const file = join(dir, `${name}.yaml`)
    await writeFile(file, manifest(name, 2))
    t.is(await k('apply', '-f', file), `deployment.apps/${name} created\n`)
    t.is(await k('apply', '-f', file), `deployment.apps/${name} unchanged\n`)
    await writeFile(file, manifest(name, 3))
    t.is(await k('apply', '-f', file), `deployment.apps/${name} configured\n`)
    t.is(await k('scale', 'deployment', name, '--replicas=5'), `deployment.apps/${name} scaled\n`)
    t.is(
      await k('set', 'image', `deployment/${name}`, 'web=web:2'),
      `deployment.apps/${name} image updated\n`,
    )
    const path = 'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image} {.metadata.generation}'
    t.is(await k('get', 'deployment', name, '-o', path), '5 web:2 4')
    t.regex(await k('get', 'deployment', name), /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\n.*0\/5 +0 +0/)
    t.true((await k('describe', 'deployment', name)).includes('5 desired'))
  })

  test(`kubectl create deployment, service account, role and token, ${version}`, async t => {
    const name = `typed-${suffix}`
    await k('create', 'namespace', name)
    await k('create', 'deployment', name, '--image=x', '--replicas=2', '-n', name)
    t.is(await k('get', 'deploy', name, '-n', name, '-o', 'jsonpath={.spec.replicas}'), '2')
    await k('create', 'serviceaccount', 'bob', '-n', name)
    await k('create', 'role', 'r', '--verb=get,list', '--resource=pods', '-n', name)
    await k('create', 'rolebinding', 'rb', '--role=r', `--serviceaccount=${name}:bob`, '-n', name)
    const bob = `--as=system:serviceaccount:${name}:bob`
    const mayList = () => k('auth', 'can-i', 'list', 'pods', '-n', name, bob).catch(() => 'no')
    // Rights hold a moment after they were written.
    await until(async () => (await mayList()) === 'yes\n')
    await t.throwsAsync(k('auth', 'can-i', 'delete', 'pods', '-n', name, bob))
    t.is((await k('create', 'token', 'bob', '-n', name)).split('.').length, 3)
  })

  test(`kubectl knows the resources, explains and refuses unknown fields, ${version}`, async t => {
    t.regex(await k('api-resources'), /deployments +deploy +apps\/v1 +true +Deployment/)
    t.true((await k('explain', 'pod.spec.containers.ports')).includes('containerPort'))
    const file = join(dir, `bad-${suffix}.yaml`)
    await writeFile(file, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\nnonsense: 1\n')
    const error = await t.throwsAsync(k('create', '-f', file))
    t.true(error?.message.includes('unknown field "nonsense"'))
  })
}
