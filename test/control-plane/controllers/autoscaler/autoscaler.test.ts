import test from 'ava'
import type { Client } from '../../../../api/client/client.ts'
import { runController } from '../../../../api/client/controller.ts'
import { createEventRecorder } from '../../../../api/client/event-recorder.ts'
import { createInformerFactory } from '../../../../api/client/informer.ts'
import { deployments } from '../../../../api/kinds/apps.ts'
import { horizontalPodAutoscalers } from '../../../../api/kinds/autoscaling.ts'
import { pods } from '../../../../api/kinds/core.ts'
import { autoscalerController } from '../../../../control-plane/controllers/autoscaler/controller.ts'
import { startTestControlLoops, type TestControlLoops } from '../../../helpers/control-loops.ts'
import { quietLog } from '../../../helpers/log.ts'

let loops: TestControlLoops
const stopping = new AbortController()
/** CPU of each Pod by the app it is of; what is not here has no metrics. */
const usage = new Map<string, string>()

/** The API server, with a metrics API (which is not ours) beside it. */
function withMetrics(client: Client): Client {
  const request = async (method: string, path: string, body?: unknown) => {
    if (!path.startsWith('/apis/metrics.k8s.io/')) return client.request(method, path, body)
    const app = decodeURIComponent(/labelSelector=app%3D([^&]+)/.exec(path)![1]!)
    const own = loops.informers
      .informer(pods)
      .list()
      .filter(({ metadata }) => metadata.labels?.app === app)
    const cpu = usage.get(app)
    const items = own.map(({ metadata: { name } }) => ({
      metadata: { name },
      timestamp: new Date(Date.now() + 3_600_000).toISOString(),
      window: '1s',
      containers: [{ name: 'c', usage: { cpu } }],
    }))
    return { items: cpu ? items : [] }
  }
  return { ...client, request } as Client
}

test.before(async () => {
  loops = await startTestControlLoops({ nodes: ['n1'] })
  await Promise.all([pods, deployments, horizontalPodAutoscalers].map(kind => loops.watched(kind as never)))
  const client = withMetrics(loops.client)
  const informers = createInformerFactory(client, stopping.signal)
  const recorder = createEventRecorder(client, { component: 'horizontal-pod-autoscaler' })
  const context = { client, informers, recorder, clusterCIDR: '', rootCA: '' }
  const host = { informers, log: quietLog, signal: stopping.signal }
  void runController(autoscalerController(context as never, 200), host)
})
test.after.always(async () => {
  stopping.abort()
  await loops?.stop()
})

async function create(name: string, replicas: number, spec: object): Promise<void> {
  const labels = { app: name }
  const containers = [{ name: 'c', image: 'x', resources: { requests: { cpu: '100m' } } }]
  const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers } }
  const metadata = { name, namespace: 'default' }
  const workload = { replicas, selector: { matchLabels: labels }, template }
  await loops.client.create(deployments, { metadata, spec: workload } as never)
  await loops.waitFor(deployments, `default/${name}`, each => each.status?.readyReplicas === replicas)
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name }
  const target = { type: 'Utilization', averageUtilization: 50 }
  const metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }]
  await loops.client.create(horizontalPodAutoscalers, {
    metadata,
    spec: { scaleTargetRef, metrics, minReplicas: 1, maxReplicas: 5, ...spec },
  } as never)
}
const sized = (name: string, replicas: number) =>
  loops.waitFor(deployments, `default/${name}`, ({ spec }) => spec.replicas === replicas)
const until = (name: string, type: string, reason: string): Promise<any> =>
  loops.waitFor(horizontalPodAutoscalers, `default/${name}`, ({ status }: any) =>
    status?.conditions?.some((condition: any) => condition.type === type && condition.reason === reason),
  )

// Its controllers are those of the whole set: theirs has no metrics to go by, and leaves the size alone.
test('more load makes more Pods, up to the bound', async t => {
  usage.set('busy', '100m')
  await create('busy', 2, {})
  t.regex(
    await loops.waitForEvent('HorizontalPodAutoscaler', 'busy', /New size: 4/),
    /^SuccessfulRescale: New size: 4; reason: cpu resource utilization \(percentage of request\) above target$/,
  )
  await sized('busy', 5)
  await until('busy', 'ScalingLimited', 'TooManyReplicas')
  t.regex(
    await loops.api.kubectl('1.33', 'get', 'hpa', 'busy'),
    /Deployment\/busy +cpu: (100%|<unknown>)\/50% +1 +5/,
  )
})

test('less load makes fewer Pods where nothing holds that up', async t => {
  usage.set('idle', '1m')
  await create('idle', 4, { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } })
  await sized('idle', 1)
  t.pass()
})

test('a size beyond the bounds is brought within them', async t => {
  usage.set('big', '50m')
  await create('big', 4, { maxReplicas: 3 })
  await sized('big', 3)
  t.regex(
    await loops.waitForEvent('HorizontalPodAutoscaler', 'big', /New size: 3/),
    /above Spec.MaxReplicas$/,
  )
})

test('without metrics nothing is changed, and it is said why', async t => {
  await create('blind', 2, {})
  const { status } = await until('blind', 'ScalingActive', 'FailedGetResourceMetric')
  const active = status.conditions.find(({ type }: any) => type === 'ScalingActive')
  t.regex(active.message, /^the HPA was unable to compute the replica count: failed to get cpu utilization: /)
  t.is(loops.informers.informer(deployments).get('default/blind')?.spec.replicas, 2)
})

test('what is not there cannot be scaled', async t => {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nobody' }
  await loops.client.create(horizontalPodAutoscalers, {
    metadata: { name: 'lost', namespace: 'default' },
    spec: { scaleTargetRef, maxReplicas: 3 },
  } as never)
  const { status } = await until('lost', 'AbleToScale', 'FailedGetScale')
  t.regex(status.conditions[0].message, /deployments.*"nobody" not found/)
})
