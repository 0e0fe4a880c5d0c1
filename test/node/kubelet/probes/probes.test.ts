import test from 'ava'
import { startTestNode, type TestNode } from '../../../helpers/kubelet.ts'
import { isReady, shell, statusOf } from '../../../helpers/pod-parts.ts'

let node: TestNode
test.before(async () => {
  node = await startTestNode()
})
test.after.always(() => node?.stop())

/** Serves HTTP on 8080 from /www. */
const server = (probes: object) =>
  shell('main', 'mkdir -p /www; trap "exit 0" TERM; httpd -f -p 8080 -h /www & wait', {
    ports: [{ name: 'web', containerPort: 8080 }],
    volumeMounts: [{ name: 'www', mountPath: '/www' }],
    ...probes,
  })
/** A Pod with a server whose pages are the test's to make. */
const createServer = (name: string, probes: object) =>
  node.createPod(name, {
    volumes: [{ name: 'www', hostPath: { path: pages(name), type: 'DirectoryOrCreate' } }],
    containers: [server(probes)],
  })
const pages = (name: string): string => `${node.machine.dir}/www-${name}`
/** On a machine that is busy an answer takes its time. */
const quick = { periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 30 }

test.serial('a container is ready while its readiness probe succeeds, over HTTP to a named port', async t => {
  const httpGet = { path: '/go', port: 'web' }
  await createServer('readiness', { readinessProbe: { httpGet, ...quick } })
  const running = await node.waitForPod('readiness', ({ status }) => status?.phase === 'Running')
  t.false(isReady(running))
  await node.machine.run('touch', `${pages('readiness')}/go`)
  await node.waitForPod('readiness', isReady)
  await node.machine.run('rm', `${pages('readiness')}/go`)
  const unready = await node.waitForPod('readiness', pod => !isReady(pod))
  t.is(statusOf(unready)!.restartCount, 0)
  // Before it listens another failure may be told.
  await node.waitForEvent(
    'readiness',
    /^Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404$/,
  )
})

test.serial('a container whose liveness probe fails is started again', async t => {
  const livenessProbe = { exec: { command: ['test', '-e', '/tmp/alive'] }, ...quick }
  const script = 'touch /tmp/alive; sleep 1; rm /tmp/alive; trap "exit 0" TERM; while :; do sleep 0.05; done'
  await node.createPod('liveness', { containers: [shell('main', script, { livenessProbe })] })
  const pod = await node.waitForPod('liveness', found => (statusOf(found)?.restartCount ?? 0) > 0)
  t.truthy(statusOf(pod)!.lastState!.terminated)
  const message = await node.waitForEvent('liveness', /^Killing/)
  t.is(message, 'Killing: Container main failed liveness probe, will be restarted')
})

test.serial(
  'until the startup probe has succeeded no other is asked, and the container is not started',
  async t => {
    const httpGet = { path: '/go', port: 8080 }
    await createServer('startup', {
      startupProbe: { httpGet, ...quick, failureThreshold: 300 },
      livenessProbe: { httpGet, ...quick },
    })
    const running = await node.waitForPod('startup', found => statusOf(found)?.state?.running)
    t.false(statusOf(running)!.started)
    await node.waitForEvent('startup', /^Unhealthy: Startup probe failed: .*404$/)
    await node.machine.run('touch', `${pages('startup')}/go`)
    const started = await node.waitForPod('startup', isReady)
    t.true(statusOf(started)!.started)
    t.is(statusOf(started)!.restartCount, 0)
  },
)

test.serial('a port that is open is enough for a TCP probe, and is not for a gRPC probe', async t => {
  await createServer('tcp', { readinessProbe: { tcpSocket: { port: 8080 }, ...quick } })
  await createServer('grpc', { readinessProbe: { grpc: { port: 8080 }, ...quick } })
  await node.waitForPod('tcp', isReady)
  t.regex(
    await node.waitForEvent('grpc', /^Unhealthy/),
    /^Unhealthy: Readiness probe failed: (error|timeout): /,
  )
  t.false(isReady(await node.waitForPod('grpc', ({ status }) => status?.phase === 'Running')))
})
