import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import test from 'ava'
import { createTestLab, run, type TestLab } from './helpers/lab.ts'

let lab: TestLab

test.before(async () => {
  lab = await createTestLab(1)
})

test.after.always(() => lab.remove())

const nothingLeft = async (): Promise<string[]> => {
  const { name, dataDir, kubeconfig } = lab.options
  const links = (await run('ip', ['-br', 'link'])).output.split('\n').filter(line => line.startsWith(name))
  const rules = (await run('/usr/sbin/nft', ['list', 'tables'])).output
    .split('\n')
    .filter(line => line.includes(`${name}-lab`))
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').filter(line => line.includes(dataDir))
  const controllers = await readdir('/sys/fs/cgroup')
  const cgroups = controllers
    .map(entry => `/sys/fs/cgroup/${entry}/${name}-lab`)
    .filter(path => existsSync(path))
  const processes = (await run('ps', ['ax', '-o', 'args'])).output
    .split('\n')
    .filter(line => line.includes(dataDir))
  return [
    ...links,
    ...rules,
    ...mounts,
    ...cgroups,
    ...processes,
    ...[dataDir, kubeconfig].filter(path => existsSync(path)),
  ]
}

test.serial(
  'up brings a cluster up and shows that the demo is answered by all Pods on both workers',
  async t => {
    const { code, output } = await lab.up()
    t.is(code, 0, output)
    t.regex(output, /hello\.default\.svc\.cluster\.local +10\.96\.\d+\.\d+/)
    const rows = [...output.matchAll(/^hello-\S+ +(worker-\d) +(10\.244\.\d+\.\d+) +(\d+)$/gm)]
    t.is(rows.length, 3)
    t.is(new Set(rows.map(row => row[1])).size, 2)
    t.is(
      rows.reduce((sum, row) => sum + Number(row[3]), 0),
      60,
    )
  },
)

test.serial('status says that everything runs', async t => {
  const { code, output } = await lab.skiff('status', '--data', lab.options.dataDir)
  t.is(code, 0, output)
  t.regex(output, /worker-2 +\S+ +on +Ready/)
})

test.serial('a second up says what runs already and mends a worker that is off', async t => {
  const { pid } = await lab.machine('worker-2')
  process.kill(pid, 'SIGKILL')
  const { code, output } = await lab.up('--no-demo')
  t.is(code, 0, output)
  t.regex(output, /2 of 3 were running/)
  t.not((await lab.machine('worker-2')).pid, pid)
})

test.serial('an image that was loaded can be used by Pods at once', async t => {
  const { code, output } = await lab.skiff(
    'image',
    'load',
    `${lab.options.dataDir}/images/busybox.tar`,
    '--data',
    lab.options.dataDir,
  )
  t.is(code, 0, output)
  t.regex(output, /worker-1: loaded/)
})

test.serial('up refuses another network for the lab that is there, and says what to do', async t => {
  const { dataDir, name, kubeconfig } = lab.options
  const { code, output } = await lab.skiff(
    'up',
    '--data',
    dataDir,
    '--name',
    name,
    '--kubeconfig',
    kubeconfig,
    '--subnet',
    '172.29.250.0/24',
  )
  t.is(code, 1)
  t.regex(output, /--subnet 172\.29\.250\.0\/24: the lab in .* was made with .*skiff down/)
})

test.serial('down leaves nothing behind', async t => {
  const { code, output } = await lab.down()
  t.is(code, 0, output)
  t.deepEqual(await nothingLeft(), [])
})

test.serial('down of what is not there succeeds', async t => {
  t.like(await lab.down(), { code: 0 })
})

const refused = test.macro({
  title: (_, args: string) => `a wrong option is refused and nothing is made - ${args}`,
  async exec(t, args: string, message: RegExp) {
    const { code, output } = await lab.skiff('up', '--data', lab.options.dataDir, ...args.split(' '))
    t.not(code, 0)
    t.regex(output, message)
    t.false(existsSync(lab.options.dataDir))
  },
})

test.serial(refused, '--workers x', /expected a whole number/)
test.serial(refused, '--workers 0', /--workers 0: expected a whole number from 1 to 100/)
test.serial(refused, '--proxy iptables', /expected ipvs or nftables/)
test.serial(refused, '--subnet 10.0.0.0/8', /--subnet 10\.0\.0\.0\/8: expected an IPv4 network of 24 bits/)
test.serial(refused, '--name Too_Long_Name', /--name Too_Long_Name: expected at most 9/)
test.serial(refused, '--bogus', /unknown option '--bogus'/)

test.serial('an occupied network is refused by name', async t => {
  await run('ip', ['link', 'add', 'e2e-taken', 'type', 'bridge'])
  await run('ip', ['addr', 'add', '172.29.240.1/24', 'dev', 'e2e-taken'])
  await run('ip', ['link', 'set', 'e2e-taken', 'up'])
  try {
    const { code, output } = await lab.skiff(
      'up',
      '--data',
      lab.options.dataDir,
      '--subnet',
      '172.29.240.0/24',
    )
    t.is(code, 1)
    t.regex(output, /--subnet 172\.29\.240\.0\/24 is occupied: e2e-taken has a route/)
  } finally {
    await run('ip', ['link', 'delete', 'e2e-taken'])
  }
})
