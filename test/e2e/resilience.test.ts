import test from 'ava'
import { createTestLab, findPids, killIn, type TestLab } from './helpers/lab.ts'

let lab: TestLab

test.before(async () => {
  lab = await createTestLab(3)
  const { code, output } = await lab.up()
  if (code !== 0) throw new Error(output)
})

test.after.always(() => lab.remove())

const containers = async (): Promise<string[]> => {
  const { output } = await lab.kubectl(
    'get',
    'pods',
    '-l',
    'app=hello',
    '-o',
    'jsonpath={range .items[*]}{.status.containerStatuses[0].containerID}{"\\n"}{end}',
  )
  return output.trim().split('\n').sort()
}

const ready = (): Promise<{ code: number; output: string }> =>
  lab.kubectl('rollout', 'status', 'deployment', 'hello', '--timeout=180s')

test.serial('a rollout loses no request', async t => {
  const script =
    'i=0; while [ $i -lt 400 ]; do wget -q -O - http://hello/ >/dev/null && echo ok || echo lost; i=$((i+1)); sleep 0.02; done'
  await lab.kubectl(
    'run',
    'load',
    '--image=skiff.local/busybox:1',
    '--restart=Never',
    '--command',
    '--',
    'sh',
    '-c',
    script,
  )
  await lab.kubectl('wait', '--for=condition=Ready', 'pod/load', '--timeout=180s')
  await lab.kubectl('set', 'env', 'deployment/hello', 'ROUND=2')
  t.is((await ready()).code, 0)
  const done = await lab.kubectl(
    'wait',
    '--for=jsonpath={.status.phase}=Succeeded',
    'pod/load',
    '--timeout=180s',
  )
  t.is(done.code, 0, done.output)
  const lines = (await lab.kubectl('logs', 'load')).output.trim().split('\n')
  t.is(lines.length, 400)
  t.is(lines.filter(line => line !== 'ok').length, 0)
})

test.serial('an agent that was killed adopts the containers that run', async t => {
  const before = await containers()
  const [old] = await findPids(lab, 'worker-1', 'skiff.js agent')
  await killIn(lab, 'worker-1', 'skiff.js agent')
  await lab.kubectl('scale', 'deployment', 'hello', '--replicas=4')
  t.is((await ready()).code, 0)
  await lab.kubectl('scale', 'deployment', 'hello', '--replicas=3')
  await lab.kubectl('wait', '--for=jsonpath={.status.replicas}=3', 'deployment/hello', '--timeout=180s')
  const after = await containers()
  t.true(before.filter(id => after.includes(id)).length >= 2)
  t.not((await findPids(lab, 'worker-1', 'skiff.js agent'))[0], old)
})

test.serial('a container that was killed is started again', async t => {
  const pods = JSON.parse((await lab.kubectl('get', 'pods', '-l', 'app=hello', '-o', 'json')).output).items
  const { metadata, spec, status } = pods.find((pod: any) => !pod.metadata.deletionTimestamp)
  const before = status.containerStatuses[0].restartCount
  const id = status.containerStatuses[0].containerID.split('//')[1]
  const inContainer = await pidOf(spec.nodeName, id)
  await lab.inMachine(spec.nodeName, 'kill', '-9', String(inContainer))
  const restarted = `--for=jsonpath={.status.containerStatuses[0].restartCount}=${before + 1}`
  const { code, output } = await lab.kubectl('wait', restarted, `pod/${metadata.name}`, '--timeout=180s')
  t.is(code, 0, output)
})

/** PID, inside its machine, of a container's first process. */
async function pidOf(node: string, containerId: string): Promise<number> {
  const tasks = await lab.inMachine(node, 'ctr', '-n', 'k8s.io', 'tasks', 'ls')
  const line = tasks.split('\n').find(row => row.startsWith(containerId))
  return Number(line?.split(/\s+/)[1])
}

test.serial('a Pod that was deleted is replaced', async t => {
  const { output } = await lab.kubectl(
    'get',
    'pods',
    '-l',
    'app=hello',
    '-o',
    'jsonpath={.items[0].metadata.name}',
  )
  await lab.kubectl('delete', 'pod', output)
  t.is((await ready()).code, 0)
  t.false((await lab.kubectl('get', 'pods', '-l', 'app=hello', '-o', 'name')).output.includes(output))
})

for (const [part, text] of [
  ['Redis', 'redis-server'],
  ['the API server', '--only apiserver'],
  ['the controllers', '--only controllers'],
  ['the scheduler', '--only scheduler'],
] as const) {
  test.serial(`nothing acknowledged is lost and all goes on when it is killed - ${part}`, async t => {
    const name = `kept-${text.replace(/\W+/g, '')}`
    const made = await lab.kubectl('create', 'configmap', name, '--from-literal=a=b')
    t.is(made.code, 0, made.output)
    await killIn(lab, 'control-plane', text)
    const kept = await lab.kubectlUntil(/^b$/, 'get', 'configmap', name, '-o', 'jsonpath={.data.a}')
    t.is(kept.output, 'b')
    const replicas = text === '--only scheduler' ? '4' : '3'
    const scaled = await lab.kubectlUntil(/scaled/, 'scale', 'deployment', 'hello', `--replicas=${replicas}`)
    t.is(scaled.code, 0, scaled.output)
    const again = await ready()
    t.is(again.code, 0, again.output)
  })
}
