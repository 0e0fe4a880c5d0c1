import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { kubectlBinary } from '../helpers/kubectl.ts'
import { createTestLab, KUBECTL_VERSIONS, type Outcome, run, type TestLab } from './helpers/lab.ts'

let lab: TestLab

test.before(async () => {
  lab = await createTestLab(2)
  const { code, output } = await lab.up()
  if (code !== 0) throw new Error(output)
})

test.after.always(() => lab.remove())

const kubectl = (binary: string, ...args: string[]): Promise<Outcome> =>
  run(binary, args, { KUBECONFIG: lab.options.kubeconfig })

const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  replicas: 2
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: main, image: skiff.local/busybox:1, command: [sh, -c, 'echo started; sleep 10000']}
`

for (const version of KUBECTL_VERSIONS) {
  const binary = kubectlBinary(version)
  const name = `web-${version.replace('.', '-')}`

  const works = async (
    t: { is(a: unknown, b: unknown, c?: string): boolean },
    ...args: string[]
  ): Promise<string> => {
    const { code, output } = await kubectl(binary, ...args)
    t.is(code, 0, `kubectl ${args.join(' ')}: ${output}`)
    return output
  }

  test.serial(`apply, rollout and scale work - kubectl ${version}`, async t => {
    const file = join(lab.options.dataDir, `${name}.yaml`)
    await writeFile(file, MANIFEST.replaceAll('NAME', name))
    t.regex(await works(t, 'apply', '-f', file), /created/)
    t.regex(
      await works(t, 'rollout', 'status', 'deployment', name, '--timeout=180s'),
      /successfully rolled out/,
    )
    t.regex(await works(t, 'apply', '-f', file), /unchanged/)
    await works(t, 'set', 'env', `deployment/${name}`, 'A=1')
    await works(t, 'rollout', 'status', 'deployment', name, '--timeout=180s')
    t.regex(await works(t, 'rollout', 'history', 'deployment', name), /\n2 +/)
    t.regex(await works(t, 'rollout', 'undo', 'deployment', name), /rolled back/)
    await works(t, 'rollout', 'restart', 'deployment', name)
    await works(t, 'rollout', 'status', 'deployment', name, '--timeout=180s')
    await works(t, 'scale', 'deployment', name, '--replicas=0')
    await works(t, 'wait', '--for=delete', 'pod', '-l', `app=${name}`, '--timeout=180s')
    await works(t, 'scale', 'deployment', name, '--replicas=1')
    await works(t, 'wait', '--for=condition=Available', 'deployment', name, '--timeout=180s')
  })

  test.serial(`get prints every way users ask for - kubectl ${version}`, async t => {
    t.regex(
      await works(t, 'get', 'pods', '-o', 'wide', '-l', `app=${name}`),
      /NAME +READY +STATUS +RESTARTS +AGE +IP +NODE/,
    )
    t.regex(await works(t, 'get', 'pods', '-A'), /NAMESPACE +NAME/)
    t.regex(await works(t, 'get', 'deployment', name, '-o', 'yaml'), /kind: Deployment/)
    t.is(await works(t, 'get', 'deployment', name, '-o', 'jsonpath={.spec.replicas}'), '1')
    t.regex(await works(t, 'get', 'nodes', '-o', 'custom-columns=N:.metadata.name'), /N\nworker-1\nworker-2/)
    t.regex(
      await works(t, 'get', 'pods', '--field-selector', 'status.phase=Running', '-l', `app=${name}`),
      /Running/,
    )
    t.regex(await works(t, 'describe', 'deployment', name), /ScalingReplicaSet/)
    t.regex(await works(t, 'api-resources'), /deployments +deploy +apps\/v1/)
    t.regex(await works(t, 'cluster-info'), /control plane.*is running at/)
    t.regex(await works(t, 'auth', 'can-i', 'create', 'pods'), /yes/)
    t.regex(await works(t, 'explain', 'pod.spec.containers'), /FIELD/)
  })

  test.serial(`label, annotate, patch, edit and delete work - kubectl ${version}`, async t => {
    await works(t, 'label', 'deployment', name, 'tier=front')
    await works(t, 'annotate', 'deployment', name, 'note=x')
    await works(t, 'patch', 'deployment', name, '-p', '{"spec":{"minReadySeconds":1}}')
    const { code, output } = await run(binary, ['edit', 'deployment', name], {
      KUBECONFIG: lab.options.kubeconfig,
      EDITOR: 'sed -i s/tier:.front/tier:\\ back/',
    })
    t.is(code, 0, output)
    t.is(
      await works(
        t,
        'get',
        'deployment',
        name,
        '-o',
        'jsonpath={.metadata.labels.tier}{.spec.minReadySeconds}',
      ),
      'back1',
    )
    await works(t, 'create', 'configmap', `cm-${name}`, '--from-literal=a=b')
    await works(t, 'delete', 'configmap', `cm-${name}`)
  })

  test.serial(`logs and exec work, with input and exit codes - kubectl ${version}`, async t => {
    t.is(await works(t, 'logs', `deployment/${name}`, '--tail=1', '-c', 'main'), 'started\n')
    t.is(await works(t, 'exec', `deployment/${name}`, '--', 'echo', 'hi'), 'hi\n')
    t.is((await kubectl(binary, 'exec', `deployment/${name}`, '--', 'sh', '-c', 'exit 7')).code, 7)
    const piped = await run('sh', ['-c', `echo in | ${binary} exec -i deployment/${name} -- cat`], {
      KUBECONFIG: lab.options.kubeconfig,
    })
    t.is(piped.output, 'in\n')
    const tty = `script -qec "${binary} exec -it deployment/${name} -- tty" /dev/null`
    t.regex((await run('sh', ['-c', tty], { KUBECONFIG: lab.options.kubeconfig })).output, /\/dev\/pts/)
    const missing = await kubectl(binary, 'exec', `deployment/${name}`, '--', 'no-such-program')
    t.regex(missing.output, /"no-such-program": executable file not found in \$PATH/)
  })

  test.serial(`cp brings files into a container and back - kubectl ${version}`, async t => {
    const pod = await works(t, 'get', 'pods', '-l', `app=${name}`, '-o', 'jsonpath={.items[0].metadata.name}')
    const [there, back] = ['there', 'back'].map(end => join(lab.options.dataDir, `${name}.${end}`))
    const bytes = randomBytes(3_000_000)
    await writeFile(there!, bytes)
    await works(t, 'cp', there!, `${pod}:/tmp/file`)
    await works(t, 'cp', `${pod}:/tmp/file`, back!)
    t.true(bytes.equals(await readFile(back!)))
  })

  test.serial(`port-forward leads to the Pod, connection after connection - kubectl ${version}`, async t => {
    const forward = spawn(binary, ['port-forward', 'deployment/hello', ':8080'], {
      env: { ...process.env, KUBECONFIG: lab.options.kubeconfig },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.teardown(() => forward.kill())
    const [said] = await once(forward.stdout, 'data')
    const port = /127\.0\.0\.1:(\d+)/.exec(String(said))?.[1]
    for (let i = 0; i < 3; i++) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(60_000) })
      t.regex(await answer.text(), /^hello-/)
    }
  })
}

test.serial('the API server leads to Services and Pods, and says what it cannot reach', async t => {
  const get = (path: string) => lab.kubectl('get', '--raw', `/api/v1/namespaces/default/${path}`)
  t.regex((await get('services/hello:http/proxy/')).output, /^hello-/)
  t.regex((await get('services/hello:80/proxy')).output, /^hello-/)
  t.regex((await get('services/hello:81/proxy/')).output, /no service port 81 found for service "hello"/)
  const pod = await lab.kubectl(
    ...['get', 'pods', '-l', 'app=hello', '-o', 'jsonpath={.items[0].metadata.name}'],
  )
  t.regex((await get(`pods/${pod.output}/proxy/`)).output, new RegExp(`^${pod.output} `))
  const closed = await get(`pods/${pod.output}:9/proxy/`)
  t.regex(closed.output, /error trying to reach service: dial tcp .*:9: connect: connection refused/)
})

test.serial('logs --previous shows the run before', async t => {
  await lab.kubectl(
    'run',
    'twice',
    '--image=skiff.local/busybox:1',
    '--command',
    '--',
    'sh',
    '-c',
    'echo run; sleep 1; exit 1',
  )
  const restarted = await lab.kubectl(
    'wait',
    '--for=jsonpath={.status.containerStatuses[0].restartCount}=1',
    'pod/twice',
    '--timeout=180s',
  )
  t.is(restarted.code, 0, restarted.output)
  t.is((await lab.kubectl('logs', 'twice', '--previous')).output, 'run\n')
  await lab.kubectl('delete', 'pod', 'twice', '--grace-period=0', '--force')
})

test.serial('an image that is not there is told with the words of the runtime', async t => {
  await lab.kubectl('run', 'noimage', '--image=127.0.0.1:9/nothing:1')
  const waiting = await lab.kubectl(
    'wait',
    '--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff',
    'pod/noimage',
    '--timeout=180s',
  )
  t.is(waiting.code, 0, waiting.output)
  const { output } = await lab.kubectlUntil(
    /Error: ErrImagePull/,
    ...['get', 'events', '--field-selector', 'involvedObject.name=noimage'],
  )
  t.regex(output, /Failed to pull image "127\.0\.0\.1:9\/nothing:1": .*connection refused/)
  t.regex(output, /Error: ErrImagePull/)
  await lab.kubectl('delete', 'pod', 'noimage', '--grace-period=0', '--force')
})

test.serial(
  'a manifest with an unknown field or a wrong type is refused by the name of the field',
  async t => {
    const file = join(lab.options.dataDir, 'bad.yaml')
    await writeFile(file, MANIFEST.replaceAll('NAME', 'bad').replace('replicas: 2', 'replicaz: 2'))
    const unknown = await lab.kubectl('create', '-f', file)
    t.not(unknown.code, 0)
    t.regex(unknown.output, /unknown field "spec\.replicaz"/)
    await writeFile(file, MANIFEST.replaceAll('NAME', 'bad').replace('replicas: 2', 'replicas: two'))
    const wrong = await lab.kubectl('create', '-f', file)
    t.not(wrong.code, 0)
    t.regex(wrong.output, /cannot unmarshal string into Go struct field .*replicas of type int32/)
  },
)

test.serial('a node may not read the secrets of others', async t => {
  await lab.kubectl('create', 'secret', 'generic', 'mine', '--from-literal=a=b')
  const kubeconfig = join(lab.options.dataDir, 'worker-1', 'pki', 'kubelet.kubeconfig')
  const { code, output } = await run(kubectlBinary('1.33'), ['get', 'secret', 'mine'], {
    KUBECONFIG: kubeconfig,
  })
  t.not(code, 0)
  t.regex(
    output,
    /User "system:node:worker-1" cannot get resource "secrets" in API group "" in the namespace "default"/,
  )
})

test.serial('deleting a namespace deletes what is in it', async t => {
  await lab.kubectl('create', 'namespace', 'gone')
  await lab.kubectl('create', 'configmap', 'x', '-n', 'gone')
  const { code, output } = await lab.kubectl('delete', 'namespace', 'gone', '--timeout=180s')
  t.is(code, 0, output)
})
