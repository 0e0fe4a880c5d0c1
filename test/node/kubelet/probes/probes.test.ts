import test from 'ava'
import { startTestNode, type TestNode } from '../../../helpers/kubelet.ts'
import { isReady, shell, statusOf } from '../../../helpers/pod-parts.ts'

let node: TestNode
test.before(async () => {
  node = await startTestNode()
})
test.after.always(() => node?.stop())

/** Serves HTTP on 8080 from /www; `go` is there once `prepare` is done. */
const server = (prepare: string, probes: object) =>
  shell('main', `mkdir -p /www\n${prepare}\ntrap "exit 0" TERM; httpd -f -p 8080 -h /www & wait`, {
    ports: [{ name: 'web', containerPort: 8080 }],
    ...probes,
  })
const quick = { periodSeconds: 1, failureThreshold: 1 }

test.serial('a container is ready while its readiness probe succeeds, over HTTP to a named port', async t => {
  const httpGet = { path: '/go', port: 'web' }
  const toggle = '(sleep 1; touch /www/go; sleep 2; rm /www/go) &'
  await node.createPod('readiness', {
    containers: [server(toggle, { readinessProbe: { httpGet, ...quick } })],
  })
  const running = await node.waitForPod('readiness', ({ status }) => status?.phase === 'Running')
  t.false(isReady(running))
  await node.waitForPod('readiness', isReady)
  const unready = await node.waitForPod('readiness', pod => !isReady(pod))
  t.is(statusOf(unready)!.restartCount, 0)
  const message = await node.waitForEvent('readiness', /^Unhealthy/)
  t.is(message, 'Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404')
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
    const container = server('(sleep 2; touch /www/go) &', {
      startupProbe: { httpGet: { path: '/go', port: 8080 }, periodSeconds: 1, failureThreshold: 30 },
      livenessProbe: { httpGet: { path: '/go', port: 8080 }, ...quick },
    })
    await node.createPod('startup', { containers: [container] })
    const running = await node.waitForPod('startup', found => statusOf(found)?.state?.running)
    t.false(statusOf(running)!.started)
    const started = await node.waitForPod('startup', isReady)
    t.true(statusOf(started)!.started)
    t.is(statusOf(started)!.restartCount, 0)
  },
)

test.serial('a port that is open is enough for a TCP probe, and is not for a gRPC probe', async t => {
  const tcp = server('true', { readinessProbe: { tcpSocket: { port: 8080 }, ...quick } })
  const grpc = server('true', { readinessProbe: { grpc: { port: 8080 }, ...quick } })
  await node.createPod('tcp', { containers: [tcp] })
  await node.createPod('grpc', { containers: [grpc] })
  await node.waitForPod('tcp', isReady)
  t.regex(
    await node.waitForEvent('grpc', /^Unhealthy/),
    /^Unhealthy: Readiness probe failed: (error|timeout): /,
  )
  t.false(isReady(await node.waitForPod('grpc', ({ status }) => status?.phase === 'Running')))
})
