import { Command, InvalidArgumentError } from 'commander'
import { goDuration } from '../api/meta/duration.ts'
import { LAB_DEFAULTS } from '../lab/options.ts'
import { dataDirs } from '../lab/state.ts'
import { reportFailure } from './failure.ts'
import { addAuditFlags } from './server/audit-flags.ts'
import { SERVER_PARTS } from './server/options.ts'
import { version } from './version.ts'

const program = new Command('skiff')
  .description('Kubernetes in TypeScript whose every seam is a plugin')
  .showHelpAfterError('(run with --help for what there is)')
  .configureHelp({ showGlobalOptions: true })

program
  .command('up')
  .description('bring up a cluster on this machine, or mend the one that is there')
  .option('--workers <n>', 'number of worker machines', wholeNumber, LAB_DEFAULTS.workers)
  .option(
    '--proxy <name>',
    'service proxy: ipvs or nftables (default: ipvs where the kernel has it)',
    oneOf('ipvs', 'nftables'),
  )
  .option('--runtime <name>', 'container runtime', oneOf('containerd'), LAB_DEFAULTS.runtime)
  .option('--data <dir>', 'where the cluster keeps everything', LAB_DEFAULTS.dataDir)
  .option('--keep-images', 'leave the image store in place when the cluster is taken down', false)
  .option('--name <name>', 'prefix of links and cgroups, for several labs side by side', LAB_DEFAULTS.name)
  .option('--subnet <cidr>', 'network of the machines, a /24', LAB_DEFAULTS.subnet)
  .option('--kubeconfig <file>', 'where the kubeconfig is written', LAB_DEFAULTS.kubeconfig)
  .option('--no-demo', 'do not deploy the demo')
  .action(async options => (await import('./commands/up.ts')).up(options))

program
  .command('down')
  .description('take the cluster back: processes, namespaces, links, rules, files')
  .option('--data <dir>', 'data directory given to `up`', LAB_DEFAULTS.dataDir)
  .option('--keep-images', 'leave the image store in place', false)
  .action(async options => (await import('./commands/down.ts')).down(options))

program
  .command('status')
  .description('say what runs and what does not')
  .option('--data <dir>', 'data directory given to `up`', LAB_DEFAULTS.dataDir)
  .action(async options => (await import('./commands/status.ts')).status(options))

const serverCommand = program
  .command('server')
  .description('run the control plane (or one part of it)')
  .requiredOption('--data <dir>', 'data directory')
  .option('--only <part>', 'run just one part', oneOf(...SERVER_PARTS))
  .option('--bind <address>', 'address to listen on', '0.0.0.0')
  .option(
    '--advertise <address>',
    'address clients and Pods reach this server at (default: that of the default route)',
  )
  .option('--port <n>', 'port of the API', portNumber, 6443)
  .option('--store <url>', 'store URL, see docs/store.md (default: an embedded redis-server)')
  .option('--store-plugin <file>', 'another store: a file with its name, source and config')
  .option('--encryption-provider-config <file>', 'what is encrypted at rest: an EncryptionConfiguration')
  .option(
    '--encryption-provider-config-automatic-reload',
    'take changes of that file over within a minute',
    false,
  )
  .option('--event-ttl <duration>', 'how long Events are kept (1h0m0s)', duration)
  .option('--cluster-cidr <cidr>', 'addresses of Pods', '10.244.0.0/16')
  .option('--service-cidr <cidr>', 'addresses of Services', '10.96.0.0/16')
  .option('--cluster-domain <domain>', 'DNS domain of the cluster', 'cluster.local')
  .option(
    '--leader-elect-lease-duration <s>',
    'others wait so long for a leader that is gone',
    wholeNumber,
    15,
  )
  .option('--leader-elect-renew-deadline <s>', 'a leader that cannot renew for so long ends', wholeNumber, 10)
  .option('--leader-elect-retry-period <s>', 'time between two renewals', wholeNumber, 2)
  .option('--enable-admission-plugins <names>', 'admission plugins to be on, beside the usual ones', names)
  .option('--disable-admission-plugins <names>', 'admission plugins to be off', names)
  .option(
    '--admission-control-config-file <file>',
    'what admission plugins are told: an AdmissionConfiguration',
  )
  .option(
    '--default-not-ready-toleration-seconds <s>',
    'how long Pods stay on a node that is not ready (300)',
    wholeNumber,
  )
  .option(
    '--default-unreachable-toleration-seconds <s>',
    'the same for one that cannot be reached (300)',
    wholeNumber,
  )
  .option(
    '--enable-priority-and-fairness <boolean>',
    'let requests wait in queues by priority; both limits below then add up',
    boolean,
  )
  .option('--livez-grace-period <duration>', 'a start may take so long before /livez fails (0s)', duration)
  .option('--max-requests-inflight <n>', 'reading requests answered at once (400)', wholeNumber)
  .option('--max-mutating-requests-inflight <n>', 'the same for those that write (200)', wholeNumber)
  .action(async options => (await import('./commands/server.ts')).server(options))
addAuditFlags(serverCommand)

program
  .command('backup')
  .description('write all that a store holds to a file')
  .argument('<file>', 'the file to write')
  .option('--data <dir>', 'data directory of the server', dataDirs(LAB_DEFAULTS).server)
  .option('--store <url>', 'store URL of the server, if it has no embedded store')
  .option('--force', 'write over a file that is there', false)
  .action(async (file, options) => (await import('./commands/backup.ts')).backup(file, options))

program
  .command('restore')
  .description('put a backup into the store of a server that is stopped')
  .argument('<file>', 'what `backup` wrote')
  .option('--data <dir>', 'data directory of the server', dataDirs(LAB_DEFAULTS).server)
  .option('--store <url>', 'store URL of the server, if it has no embedded store')
  .option('--replace', 'give up what the store holds now', false)
  .action(async (file, options) => (await import('./commands/restore.ts')).restore(file, options))

program
  .command('agent')
  .description('run a node: kubelet, network, proxy and DNS')
  .requiredOption('--config <file>', 'NodeConfiguration (YAML)')
  .action(async options => (await import('./commands/agent.ts')).agent(options))

program
  .command('image')
  .description('images of the workers')
  .command('load')
  .description('import an archive (OCI layout or docker-archive) into every worker')
  .argument('<file>', 'the archive')
  .option('--data <dir>', 'data directory given to `up`', LAB_DEFAULTS.dataDir)
  .option('--node <name>', 'just into this worker')
  .action(async (file, options) => (await import('./commands/image-load.ts')).imageLoad(file, options))

program
  .command('version')
  .description('print the version')
  .action(() =>
    console.log(`skiff ${version.skiff} (Kubernetes ${version.kubernetes}, Node ${process.version})`),
  )

function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('expected a whole number')
  return Number(value)
}

function boolean(value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new InvalidArgumentError('expected true or false')
  return value === 'true'
}

/** A list with commas; several options add up. */
function names(value: string, before: string[] = []): string[] {
  return [...before, ...value.split(',').filter(name => name !== '')]
}

function duration(value: string): number {
  const milliseconds = goDuration(value)
  if (!milliseconds) throw new InvalidArgumentError('expected a duration such as 1h30m or 90s')
  return milliseconds
}

function portNumber(value: string): number {
  const port = wholeNumber(value)
  if (port > 65_535) throw new InvalidArgumentError('expected a port, 0 to 65535')
  return port
}

function oneOf(...allowed: string[]): (value: string) => string {
  return value => {
    if (!allowed.includes(value)) throw new InvalidArgumentError(`expected ${allowed.join(' or ')}`)
    return value
  }
}

program.parseAsync().catch(reportFailure)
