import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import test from 'ava'
import { createRequest } from '../helpers/certificate-request.ts'
import { startTestControlLoops, type TestControlLoops } from '../helpers/control-loops.ts'
import { Compatibility } from './compatibility-table.ts'
import { helmCommands } from './helm-commands.ts'
import { clientCalls } from './javascript-client.ts'
import { kubectlCommands } from './kubectl-commands.ts'
import { clientPath, faultOf, fillIn, runClient, wordsOf } from './run-client.ts'

const KUBECTL = 'kubectl'
const HELM = 'Helm'
const HELM_VERSION = '4.2'
const JAVASCRIPT = '@kubernetes/client-node'
const JAVASCRIPT_VERSION = '2.0'
const VERSIONS = ['1.20', '1.27', '1.28', '1.29', '1.30', '1.31', '1.32', '1.33', '1.36']
const CHART = join(import.meta.dirname, '../fixtures/charts/hello')

const commands = kubectlCommands(await createRequest('someone'))
const table = new Compatibility()
let cluster: TestControlLoops
let dir: string
let failed = false

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-interop-'))
  cluster = await startTestControlLoops()
})

test.after.always(async () => {
  await cluster.stop()
  await rm(dir, { recursive: true, force: true })
})

/** A home with a kubeconfig for a namespace and a node of its own. */
async function home(id: string): Promise<{ env: Record<string, string>; names: Record<string, string> }> {
  const ns = `interop-${id}`
  await cluster.addNode(id)
  await cluster.createNamespace(ns)
  const HOME = join(dir, id)
  await mkdir(HOME)
  const KUBECONFIG = join(HOME, 'config')
  const config = new KubeConfig()
  config.loadFromFile(cluster.api.kubeconfig)
  const [context] = config.contexts
  config.contexts = [{ ...context!, namespace: ns }]
  await writeFile(KUBECONFIG, config.exportConfig())
  const env = { HOME, KUBECONFIG, EDITOR: 'sed -i s/blue/green/', HELM_NAMESPACE: ns }
  return { env, names: { NS: ns, ID: id, CHART } }
}

for (const version of VERSIONS) {
  test(`kubectl does all it can do with an API server - ${version}`, async t => {
    const program = clientPath(`kubectl-${version}`)
    const minor = Number(version.split('.')[1])
    const { env, names } = await home(`v${version.replace('.', '-')}`)
    const faults: string[] = []
    for (const command of commands.filter(({ since = 0 }) => since <= minor)) {
      const input = fillIn(command.input ?? '', names)
      const outcome = await runClient(program, wordsOf(command, names), env, input)
      const fault = faultOf(command, outcome)
      if (fault) faults.push(fault)
      table.note(KUBECTL, version, command.name)
    }
    failed ||= faults.length > 0
    t.deepEqual(faults, [])
  })
}

test('Helm installs, upgrades, rolls back and takes away', async t => {
  const { env, names } = await home('helm')
  for (const command of helmCommands) {
    const fault = faultOf(command, await runClient(clientPath('helm'), wordsOf(command, names), env))
    failed ||= fault !== undefined
    t.is(fault, undefined)
    table.note(HELM, HELM_VERSION, command.name)
  }
})

test('the JavaScript client does what programs do', async t => {
  const { env, names } = await home('js')
  const config = new KubeConfig()
  config.loadFromFile(env.KUBECONFIG!)
  for (const [name, call] of Object.entries(clientCalls)) {
    await call(t, config, names.NS!)
    table.note(JAVASCRIPT, JAVASCRIPT_VERSION, name)
  }
})

test.after('the page of what works is up to date', async t => {
  if (failed) return
  const names = (list: { name: string }[]): string[] => list.map(({ name }) => name)
  await table.write([
    { client: KUBECTL, versions: VERSIONS, commands: names(commands) },
    { client: HELM, versions: [HELM_VERSION], commands: names(helmCommands) },
    { client: JAVASCRIPT, versions: [JAVASCRIPT_VERSION], commands: Object.keys(clientCalls) },
  ])
  t.pass()
})
