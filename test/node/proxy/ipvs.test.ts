import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url))
/** Kernels of test machines may have no IPVS; a user-mode Linux of Debian's (package user-mode-linux) has. */
const MACHINE = '/usr/bin/linux.uml'

/** Boots a machine that runs the check, and gives what it saw. */
async function runInMachine(): Promise<Map<string, unknown>> {
  const args = ['mem=512M', 'rootfstype=hostfs', 'rootflags=/', 'rw', `init=${fixture('ipvs-machine.sh')}`]
  const console_ = ['con=null', 'con0=null,fd:1', `umid=skiff-test-${process.pid}`]
  const program = [`node=${process.execPath}`, `program=${fixture('ipvs-check.ts')}`]
  const child = spawn(MACHINE, [...args, ...console_, ...program], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 110_000,
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text
  })
  await new Promise(resolve => child.once('close', resolve))
  const lines = [...output.matchAll(/^seen (\S+) (.*?)\r?$/gm)]
  if (lines.length === 0) throw new Error(`the machine saw nothing:\n${output.slice(-3_000)}`)
  return new Map(lines.map(([, name, value]) => [name!, JSON.parse(value!)]))
}

test('IPVS balances, drains, refuses, sticks, comes back and cleans up', async t => {
  t.timeout(115_000)
  const seen = await runInMachine()
  t.is(seen.get('before'), 'PROXY_STATE_LOST')
  t.deepEqual(seen.get('cluster-ip-node'), ['pod1', 'pod2'])
  t.deepEqual(seen.get('cluster-ip-pod1'), ['pod1', 'pod2'])
  t.deepEqual(seen.get('node-port'), ['pod1', 'pod2'])
  t.deepEqual(seen.get('one-left'), ['pod2'])
  t.deepEqual(seen.get('none'), ['refused'])
  t.is(seen.get('affinity'), 1)
  t.true(seen.get('intact'))
  t.false(seen.get('cleared'))
  t.deepEqual(seen.get('again'), ['pod1', 'pod2'])
  t.false(seen.get('removed'))
  t.deepEqual(seen.get('left'), [false, false])
})
