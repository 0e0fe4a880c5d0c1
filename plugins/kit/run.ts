/**
 * Tests a plugin of yours against the contract of its seam:
 *
 *     node plugins/kit/run.ts network ./my-network.ts [--config '{"bridge":"b0"}'] [--cni-bin /opt/cni/bin]
 *     node plugins/kit/run.ts proxy ./my-proxy.ts
 *     node plugins/kit/run.ts dns ./my-dns.ts [--answers '[{"name":"a.b","type":"A","expected":["A 192.0.2.1"]}]']
 *     node plugins/kit/run.ts store ./my-store.ts [--config '{}']
 *
 * As root: network and proxy are tried in namespaces of their own, which are gone afterwards. It ends with 1 when a
 * requirement is not met.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { loadPlugin } from '../host/load.ts'
import type { Logger, PluginInterfaces, PluginType } from '../plugin.ts'
import { type Check, runSuite } from './check.ts'
import { testDns } from './dns.ts'
import { testNetwork } from './network.ts'
import { testProxy } from './proxy.ts'
import { testStore } from './store.ts'

/** Set where network and mounts are the suite's own already: in its second start, or on a machine that is thrown away. */
const INSIDE = 'SKIFF_KIT_INSIDE'
const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    config: { type: 'string', default: '{}' },
    'cni-bin': {
      type: 'string',
      default: fileURLToPath(new URL('../../dist/cni/bin', import.meta.url)),
    },
    answers: { type: 'string', default: '[]' },
    foreign: { type: 'string', default: '[]' },
  },
})
const [type = '', file] = positionals
const suites: Record<string, (source: string, check: Check) => Promise<void>> = {
  network: (source, check) =>
    testNetwork({ source, config: JSON.parse(values.config), cniBinDir: resolve(values['cni-bin']) }, check),
  proxy: (source, check) => testProxy({ source, config: JSON.parse(values.config) }, check),
  dns: runDns,
  store: (source, check) => withPlugin('store', source, store => testStore(store, check)),
}
const suite = suites[type]
if (!suite || !file) {
  console.error(`usage: run.ts TYPE FILE, where TYPE is one of ${Object.keys(suites).join(', ')}`)
  process.exit(2)
}
if ((type === 'network' || type === 'proxy') && !process.env[INSIDE]) process.exit(runInside())
const { passed, failed } = await runSuite(check => suite(resolve(file), check), console.log)
console.log(`# ${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

/** Once more, with a network and mounts that are gone with the process. */
function runInside(): number {
  const flags = [
    '--net',
    '--mount',
    '--propagation',
    'private',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
  ]
  const prepare = ['/run/netns', '/var/lib/cni'].map(
    path => `mkdir -p ${path} && mount -t tmpfs tmpfs ${path}`,
  )
  const script = `${prepare.join(' && ')} && exec "$0" "$@"`
  const own = [
    process.execPath,
    ...process.execArgv,
    fileURLToPath(import.meta.url),
    ...process.argv.slice(2),
  ]
  // What runs inside is ended by a signal: its temporary files are removed here.
  const temporary = mkdtempSync(join(tmpdir(), 'skiff-kit-'))
  const { status, error } = spawnSync('unshare', [...flags, 'sh', '-c', script, ...own], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1', TMPDIR: temporary },
  })
  rmSync(temporary, { recursive: true, force: true })
  if (error) console.error(`unshare: ${error.message}`)
  return status ?? 1
}

function runDns(source: string, check: Check): Promise<void> {
  const [answers, foreign] = [JSON.parse(values.answers), JSON.parse(values.foreign)]
  return withPlugin('dns', source, plugin => testDns({ plugin, answers, foreign }, check))
}

/** Starts a plugin in this process for as long as it is tested. */
async function withPlugin<T extends PluginType>(
  type: T,
  source: string,
  test: (plugin: PluginInterfaces[T]) => Promise<void>,
): Promise<void> {
  const plugin = await loadPlugin(type, 'tested', pathToFileURL(source).href)
  const dataDir = mkdtempSync(join(tmpdir(), 'skiff-kit-'))
  const stopped = new AbortController()
  try {
    const config = JSON.parse(values.config)
    await test(await plugin.start({ name: 'tested', config, log, signal: stopped.signal, dataDir }))
  } finally {
    stopped.abort()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
