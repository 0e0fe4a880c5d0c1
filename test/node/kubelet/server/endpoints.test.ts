import test from 'ava'
import { serviceAccounts } from '../../../../api/kinds/core.ts'
import { clusterRoleBindings, clusterRoles } from '../../../../api/kinds/rbac.ts'
import type { Pod } from '../../../../api/kinds/types.ts'
import { until } from '../../../helpers/admission-webhook.ts'
import { startTestNode, type TestNode } from '../../../helpers/kubelet.ts'
import { isReady, sleeper } from '../../../helpers/pod-parts.ts'

let node: TestNode
let pod: Pod
test.before(async () => {
  node = await startTestNode({ maxPods: 42 })
  const probe = { exec: { command: ['true'] }, periodSeconds: 1 }
  await node.createPod('served', {
    volumes: [{ name: 'scratch', emptyDir: {} }],
    containers: [
      sleeper('main', { readinessProbe: probe, volumeMounts: [{ name: 'scratch', mountPath: '/s' }] }),
    ],
  })
  pod = await node.waitForPod('served', isReady)
})
test.after.always(() => node?.stop())

const json = async (path: string): Promise<any> => JSON.parse((await node.ask(path)).text)
const metrics = async (path: string): Promise<string> => (await node.ask(path)).text

test('anybody may ask whether it lives, nobody without a name anything else', async t => {
  t.deepEqual(await node.ask('/healthz', null), { status: 200, text: 'ok' })
  t.is((await node.ask('/pods', null)).status, 401)
  t.is((await node.ask('/no-such-path')).status, 404)
})

test('a request may have a line of many thousand characters', async t => {
  t.deepEqual(await node.ask(`/healthz?command=${'a'.repeat(200_000)}`, null), { status: 200, text: 'ok' })
})

test('rights on a part of the node are enough for what belongs to it, and for nothing else', async t => {
  const name = 'reader'
  await node.client.create(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: 'default' },
  })
  const rules = [{ apiGroups: [''], resources: ['nodes/pods', 'nodes/metrics'], verbs: ['get'] }]
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name }
  await node.client.create(clusterRoles, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules,
  } as never)
  await node.client.create(clusterRoleBindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef,
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
  } as never)
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { name },
    spec: {},
  }
  const target = { name: { namespace: 'default', name }, subresource: 'token' }
  const answer: any = await node.client.create(serviceAccounts, request as never, target)
  const { token } = answer.status
  // Rights hold a moment after they were written.
  const user = `system:serviceaccount:default:${name}`
  const resourceAttributes = { verb: 'get', resource: 'nodes', subresource: 'pods' }
  await until(async () => {
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
    return (await node.api.raw(path, { body: { spec: { user, resourceAttributes } } })).body.status.allowed
  })
  t.is((await node.ask('/pods', { token })).status, 200)
  t.is((await node.ask('/metrics/resource', { token })).status, 200)
  t.deepEqual(await node.ask('/configz', { token }), {
    status: 403,
    text: 'Forbidden (user=system:serviceaccount:default:reader, verb=get, resource=nodes, subresource(s)=[configz proxy])',
  })
  t.is((await node.ask('/pods', { token: 'forged' })).status, 401)
})

test('/pods lists the Pods bound to the node, /runningpods what the runtime runs', async t => {
  const { kind, items } = await json('/pods')
  t.is(kind, 'PodList')
  t.deepEqual(
    items.map(({ metadata }: Pod) => metadata.uid),
    [pod.metadata.uid],
  )
  const running = await json('/runningpods')
  t.like(running.items[0], { metadata: { name: 'served' }, spec: { containers: [{ name: 'main' }] } })
})

test('/configz shows the settings in use', async t => {
  const { kubeletconfig } = await json('/configz')
  t.like(kubeletconfig, { maxPods: 42, imageGCHighThresholdPercent: 85, clusterDNS: ['10.96.0.10'] })
  t.is(kubeletconfig.evictionHard['memory.available'], '100Mi')
})

test('/stats/summary tells what node, Pods and containers use', async t => {
  const summary = await json('/stats/summary')
  t.is(summary.node.nodeName, 'node-a')
  t.true(summary.node.cpu.usageCoreNanoSeconds > 0)
  t.true(summary.node.memory.workingSetBytes > 0)
  t.true(summary.node.fs.capacityBytes > summary.node.fs.availableBytes)
  t.true(summary.node.runtime.imageFs.capacityBytes > 0)
  const [served] = summary.pods
  t.like(served.podRef, { name: 'served', namespace: 'default', uid: pod.metadata.uid })
  t.true(served.memory.workingSetBytes > 0)
  t.true(served['ephemeral-storage'].usedBytes > 0)
  t.is(served.volume[0].name, 'scratch')
  const [main] = served.containers
  t.is(main.name, 'main')
  t.true(main.cpu.usageCoreNanoSeconds > 0)
  t.true(main.memory.workingSetBytes > 0)
  t.is(typeof main.rootfs.usedBytes, 'number')
})

test('/stats/summary?only_cpu_and_memory=true leaves disks alone', async t => {
  const { node: own, pods } = await json('/stats/summary?only_cpu_and_memory=true')
  t.is(own.fs, undefined)
  t.is(pods[0].volume, undefined)
  t.true(pods[0].containers[0].memory.workingSetBytes > 0)
})

test('/metrics counts what the kubelet did', async t => {
  const text = await metrics('/metrics')
  t.regex(text, /^kubelet_node_name\{node="node-a"\} 1$/m)
  t.regex(text, /^kubelet_running_pods 1$/m)
  t.regex(text, /^kubelet_running_containers\{container_state="running"\} 1$/m)
  t.regex(text, /^kubelet_started_pods_total 1$/m)
  t.regex(text, /^kubelet_started_containers_total\{container_type="container"\} 1$/m)
  t.regex(text, /^kubelet_pod_start_duration_seconds_count 1$/m)
  t.regex(text, /^kubelet_runtime_operations_total\{operation_type="run_podsandbox"\} 1$/m)
  t.regex(text, /^process_resident_memory_bytes \d+$/m)
})

test('/metrics/resource has what metrics-server reads', async t => {
  const text = await metrics('/metrics/resource')
  const labels = 'container="main",namespace="default",pod="served"'
  t.regex(text, new RegExp(`^container_cpu_usage_seconds_total\\{${labels}\\} [\\d.e-]+ \\d{13}$`, 'm'))
  t.regex(text, new RegExp(`^container_memory_working_set_bytes\\{${labels}\\} \\d+ \\d{13}$`, 'm'))
  t.regex(text, new RegExp(`^container_start_time_seconds\\{${labels}\\} \\d+ \\d{13}$`, 'm'))
  t.regex(text, /^node_cpu_usage_seconds_total [\d.]+ \d{13}$/m)
  t.regex(text, /^pod_memory_working_set_bytes\{namespace="default",pod="served"\} \d+ \d{13}$/m)
  t.regex(text, /^resource_scrape_error 0$/m)
})

test('/metrics/cadvisor and /metrics/probes have theirs', async t => {
  t.regex(await metrics('/metrics/cadvisor'), /^container_memory_usage_bytes\{container="main",/m)
  t.regex(await metrics('/metrics/cadvisor'), /^container_network_receive_bytes_total\{interface="eth0",/m)
  t.regex(
    await metrics('/metrics/probes'),
    /^prober_probe_total\{container="main",.*probe_type="Readiness",result="successful"\} [1-9]/m,
  )
})
