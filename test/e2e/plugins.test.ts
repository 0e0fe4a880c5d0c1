import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { parse, stringify } from 'yaml'
import { fileAppears } from '../helpers/files.ts'
import { createTestLab, findPids, killIn, type TestLab } from './helpers/lab.ts'

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'plugins')
const EXAMPLES = join(import.meta.dirname, '..', '..', 'plugins', 'examples')
let lab: TestLab

test.before(async () => {
  lab = await createTestLab(4)
  const { code, output } = await lab.up('--workers', '1', '--no-demo')
  if (code !== 0) throw new Error(output)
})

test.after.always(() => lab.remove())

/** Changes the worker's configuration and has its agent start anew. */
async function reconfigure(changes: object): Promise<void> {
  const path = join(lab.options.dataDir, 'worker-1', 'node.yaml')
  await writeFile(path, stringify({ ...parse(await readFile(path, 'utf8')), ...changes }))
  await killIn(lab, 'worker-1', 'skiff.js agent')
}

test.serial(
  'a runtime, network, proxy and DNS plugin of third parties, named in the node configuration, serve a Pod',
  async t => {
    await reconfigure({
      runtime: { name: 'echo', source: join(FIXTURES, 'echo-runtime.ts') },
      network: { name: 'host-routes', source: join(EXAMPLES, 'host-routes.ts') },
      proxy: { name: 'recording', source: join(FIXTURES, 'recording-proxy.ts') },
      dns: {
        plugins: [{ name: 'whoami', source: join(EXAMPLES, 'whoami.ts') }],
        corefile: '.:53 {\n whoami\n kubernetes cluster.local in-addr.arpa ip6.arpa\n}\n',
      },
    })
    const made = await lab.kubectl('run', 'guest', '--image=skiff.local/hello:1', '--port=8080', '--expose')
    t.is(made.code, 0, made.output)
    const ready = await lab.kubectl('wait', '--for=condition=Ready', 'pod/guest', '--timeout=180s')
    t.is(ready.code, 0, ready.output)
    const ask = ['exec', 'guest', '--', 'wget', '-q', '-O', '-', 'http://guest:8080/']
    t.regex((await lab.kubectlUntil(/^guest /, ...ask)).output, /^guest /)
    const address = await lab.kubectl('get', 'pod', 'guest', '-o', 'jsonpath={.status.podIP}')
    const known = await lab.kubectl('exec', 'guest', '--', 'nslookup', 'whoami.example')
    t.true(known.output.includes(`Address: ${address.output}`), known.output)
    const links = await lab.inMachine('worker-1', 'ip', 'link', 'show', 'master', 'pods0')
    t.regex(links, /veth/)
    const plugins = join(lab.options.dataDir, 'worker-1', 'agent', 'plugins')
    t.regex(await readFile(join(plugins, 'runtime', 'echo', 'sandboxes'), 'utf8'), /guest/)
    t.true(existsSync(join(plugins, 'proxy', 'recording', 'applied')))
  },
)

test.serial('a volume plugin of a third party makes the volumes of its driver', async t => {
  await reconfigure({ volumes: [{ name: 'greeting', source: join(FIXTURES, 'greeting-volume.ts') }] })
  const volume = { name: 'hi', flexVolume: { driver: 'example.com/greeting', options: { to: 'World' } } }
  const container = {
    name: 'main',
    image: 'skiff.local/busybox:1',
    command: ['cat', '/hi/greeting'],
    volumeMounts: [{ name: 'hi', mountPath: '/hi' }],
  }
  const file = join(lab.options.dataDir, 'greeted.yaml')
  await writeFile(
    file,
    stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'greeted' },
      spec: { restartPolicy: 'Never', volumes: [volume], containers: [container] },
    }),
  )
  const made = await lab.kubectl('apply', '-f', file)
  t.is(made.code, 0, made.output)
  await lab.kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/greeted', '--timeout=180s')
  t.is((await lab.kubectl('logs', 'greeted')).output, 'Hello, World!\n')
  await lab.kubectl('delete', 'pod', 'greeted')
  const given = join(lab.options.dataDir, 'worker-1', 'agent', 'plugins', 'volume', 'greeting', 'given-back')
  await fileAppears(given)
  t.is(await readFile(given, 'utf8'), 'hi\n')
})

test.serial('a plugin that crashes does not take the agent down', async t => {
  const agent = await findPids(lab, 'worker-1', 'skiff.js agent')
  await killIn(lab, 'worker-1', 'plugin-child.js')
  const made = await lab.kubectl('run', 'after', '--image=skiff.local/hello:1')
  t.is(made.code, 0, made.output)
  const ready = await lab.kubectl('wait', '--for=condition=Ready', 'pod/after', '--timeout=180s')
  t.is(ready.code, 0, ready.output)
  t.deepEqual(await findPids(lab, 'worker-1', 'skiff.js agent'), agent)
})
