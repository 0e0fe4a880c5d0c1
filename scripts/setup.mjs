// Installs what this checkout needs and is missing: Debian packages, npm packages, generated and compiled files.
// Runs on whatever Node the machine has, before any npm package is there. With --test also what only the tests need.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchClients } from './clients.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const forTests = process.argv.includes('--test')

/** Debian packages by a file that each brings. */
const PACKAGES = {
  '/usr/bin/containerd': 'containerd',
  '/usr/sbin/runc': 'runc',
  '/usr/bin/redis-server': 'redis-server',
  // Brings libnftables1, which the nftables backend calls, along.
  '/usr/sbin/nft': 'nftables',
  '/usr/sbin/iptables': 'iptables',
  '/usr/sbin/conntrack': 'conntrack',
  '/usr/sbin/ip': 'iproute2',
  '/bin/busybox': 'busybox-static',
  '/usr/bin/python3': 'python3',
  '/usr/bin/make': 'make',
  '/usr/bin/gcc': 'gcc',
  '/usr/bin/g++': 'g++',
  '/usr/sbin/modprobe': 'kmod',
  '/usr/bin/ps': 'procps',
}

const TEST_PACKAGES = {
  '/usr/bin/linux.uml': 'user-mode-linux',
  '/usr/sbin/ipvsadm': 'ipvsadm',
  '/usr/bin/dnsperf': 'dnsperf',
  '/usr/bin/curl': 'curl',
  '/usr/bin/openssl': 'openssl',
  '/usr/bin/unzip': 'unzip',
  '/usr/bin/ping': 'iputils-ping',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (status === 0) return
  console.error(`error: \`${[command, ...args].join(' ')}\` failed${error ? `: ${error.message}` : ''}`)
  process.exit(1)
}

function installPackages() {
  const wanted = Object.entries({ ...PACKAGES, ...(forTests && TEST_PACKAGES) })
  const missing = wanted.filter(([file]) => !existsSync(file)).map(([, name]) => name)
  if (missing.length === 0) return
  if (process.getuid() !== 0) {
    console.error(`error: missing Debian packages; as root: apt-get install ${missing.join(' ')}`)
    process.exit(1)
  }
  console.log(`Installing Debian packages: ${missing.join(' ')}`)
  // Without this, Debian's redis-server and containerd would be started as services of the host.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] }
  run('apt-get', ['update', '-qq'], quiet)
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], quiet)
}

function installModules() {
  const installed = join(root, 'node_modules/.package-lock.json')
  const isFresh = existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
  if (isFresh && existsSync(join(root, 'node_modules/.bin/node'))) return
  console.log('Installing npm packages')
  // Not `npm ci`: it refuses a lock file without the packages of other platforms, which not every registry has.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'])
}

function build() {
  const node = join(root, 'node_modules/.bin/node')
  run(node, ['scripts/generate-schema.ts'])
  run(node, ['scripts/build-cni.ts'])
}

installPackages()
installModules()
build()
if (forTests) {
  try {
    fetchClients()
  } catch (error) {
    console.error(`error: ${error.message}`)
    process.exit(1)
  }
}
