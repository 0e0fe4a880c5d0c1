import test from 'ava'
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  secrets,
} from '../../../../api/kinds/core.ts'
import type { Pod } from '../../../../api/kinds/types.ts'
import { startTestNode, type TestNode } from '../../../helpers/kubelet.ts'
import { isOver, isReady, shell, sleeper, statusOf } from '../../../helpers/pod-parts.ts'

let node: TestNode
test.before(async () => {
  node = await startTestNode()
})
test.after.always(() => node?.stop())

const namespace = 'default'

/** Runs a script in a Pod with these volumes, all mounted below /v; what it wrote. */
async function inPod(name: string, script: string, volumes: object[], more: object = {}): Promise<string> {
  const volumeMounts = volumes.map(volume => {
    const { name } = volume as { name: string }
    return { name, mountPath: `/v/${name}` }
  })
  const container = { volumeMounts, ...(more as { container?: object }).container }
  const { container: _, ...spec } = more as { container?: object }
  await node.createPod(name, {
    restartPolicy: 'Never',
    volumes,
    containers: [shell('main', script, container)],
    ...spec,
  })
  const pod = await node.waitForPod(name, isOver)
  const { text } = await node.ask(`/containerLogs/default/${name}/main`)
  return `${text}${statusOf(pod)?.state?.terminated?.exitCode === 0 ? '' : `failed: ${JSON.stringify(pod.status)}`}`
}

test.serial('ConfigMaps and Secrets are files, with their modes and paths', async t => {
  const data = { one: '1', two: '2' }
  await node.client.create(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace },
    data,
  })
  const stringData = { key: 'hidden' }
  await node.client.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'keys', namespace },
    stringData,
  })
  const output = await inPod(
    'files',
    'cd /v; cat map/one map/two some/deep/er secret/key; stat -L -c " %a" some/deep/er secret/key; touch map/x 2>&1',
    [
      { name: 'map', configMap: { name: 'settings' } },
      {
        name: 'some',
        configMap: { name: 'settings', items: [{ key: 'two', path: 'deep/er', mode: 0o400 }] },
      },
      { name: 'secret', secret: { secretName: 'keys', defaultMode: 0o440 } },
      { name: 'absent', configMap: { name: 'no-such', optional: true } },
    ],
  )
  t.regex(output, /^122hidden 400\n 440\ntouch: .*Read-only file system/)
})

test.serial('a user and group of no account read what is made from API objects, as does a group', async t => {
  const metadata = { name: 'open', namespace }
  await node.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { x: 'seen' } })
  const volumes = [{ name: 'open', configMap: { name: 'open' } }]
  const script = 'cat /v/open/x; stat -c " %a %g" /v/open/'
  const securityContext = { runAsUser: 1000, runAsGroup: 1000 }
  t.is(await inPod('anyone', script, volumes, { securityContext }), 'seen 777 0\n')
  const withGroup = { securityContext: { ...securityContext, fsGroup: 1234 } }
  t.is(await inPod('of-group', script, volumes, withGroup), 'seen 2777 1234\n')
})

test.serial('a ConfigMap that changes is seen by running containers at once, and all at once', async t => {
  const metadata = { name: 'live', namespace }
  await node.client.create(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { a: 'old', b: 'old' },
  })
  const script = 'until grep -q new /v/live/a; do sleep 0.02; done; cat /v/live/a /v/live/b'
  const output = inPod('watching', script, [{ name: 'live', configMap: { name: 'live' } }])
  await node.waitForPod('watching', isReady)
  await node.client.patch(configMaps, metadata, { type: 'merge', body: { data: { a: 'new', b: 'new' } } })
  t.is(await output, 'newnew')
})

test.serial('a Pod waits for a ConfigMap that is not there, and says so', async t => {
  const running = inPod('waiting', 'cat /v/late/x', [{ name: 'late', configMap: { name: 'late' } }])
  const message = await node.waitForEvent('waiting', /^FailedMount/)
  t.is(message, 'FailedMount: MountVolume.SetUp failed for volume "late" : configmap "late" not found')
  const metadata = { name: 'late', namespace }
  await node.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { x: 'here' } })
  t.is(await running, 'here')
})

test.serial(
  'a projected volume has a token of the Pod, and its own metadata, which change with it',
  async t => {
    const sources = [
      { serviceAccountToken: { path: 'token', expirationSeconds: 600, audience: 'someone' } },
      { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    ]
    const script =
      'cut -d. -f2 /v/own/token; until grep -q colour=.blue /v/own/labels; do sleep 0.02; done; cat /v/own/labels'
    const output = inPod('projected', script, [{ name: 'own', projected: { sources } }])
    const pod = await node.waitForPod('projected', isReady)
    await node.client.patch(pods, pod.metadata, {
      type: 'merge',
      body: { metadata: { labels: { colour: 'blue' } } },
    })
    const [payload = '', label] = (await output).split('\n')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    t.deepEqual(claims.aud, ['someone'])
    t.is(claims.sub, 'system:serviceaccount:default:default')
    t.is(claims['kubernetes.io'].pod.uid, pod.metadata.uid)
    t.is(label, 'colour="blue"')
  },
)

test.serial(
  'an emptyDir is shared by the containers of a Pod, on disk or in memory, and belongs to its group',
  async t => {
    const script = 'touch /v/disk/x; stat -c "%a %g" /v/disk; stat -c %g /v/disk/x; df -k /v/memory | tail -1'
    const output = await inPod(
      'empty',
      script,
      [
        { name: 'disk', emptyDir: {} },
        { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '4Mi' } },
      ],
      { securityContext: { fsGroup: 1234 } },
    )
    const [modes, group, filesystem] = output.split('\n')
    t.is(modes, '2777 1234')
    t.is(group, '1234')
    t.regex(filesystem!, /^tmpfs +4096 /)
  },
)

test.serial('a hostPath must be of its type', async t => {
  const path = `${node.machine.dir}/host`
  const made = [{ name: 'made', hostPath: { path, type: 'DirectoryOrCreate' } }]
  t.is(await inPod('host', 'echo hi > /v/made/x; cat /v/made/x', made), 'hi\n')
  await node.createPod('bad-host', {
    volumes: [{ name: 'wrong', hostPath: { path, type: 'File' } }],
    containers: [sleeper('main', { volumeMounts: [{ name: 'wrong', mountPath: '/v' }] })],
  })
  const message = await node.waitForEvent('bad-host', /^FailedMount/)
  t.regex(
    message,
    /MountVolume\.SetUp failed for volume "wrong" : hostPath type check failed: .*\/host is not a file$/,
  )
})

test.serial('a subPath shows a part of a volume, and never leads out of it', async t => {
  const volumes = [{ name: 'disk', emptyDir: {} }]
  const mount = (more: object) => ({ name: 'disk', mountPath: '/part', ...more })
  const container = {
    env: [{ name: 'WHO', value: 'me' }],
    volumeMounts: [mount({ subPathExpr: '$(WHO)/data' }), { name: 'disk', mountPath: '/whole' }],
  }
  t.is(await inPod('part', 'echo in > /part/x; cat /whole/me/data/x', volumes, { container }), 'in\n')
  await node.createPod('escaping', {
    restartPolicy: 'Never',
    volumes,
    initContainers: [
      shell('links', 'ln -s / /whole/out', { volumeMounts: [{ name: 'disk', mountPath: '/whole' }] }),
    ],
    containers: [shell('main', 'ls /part', { volumeMounts: [mount({ subPath: 'out/etc' })] })],
  })
  const pod = await node.waitForPod(
    'escaping',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
  )
  t.regex(
    statusOf(pod)!.state!.waiting!.message!,
    /^failed to prepare subPath for volumeMount "disk" of container "main": subpath "out\/etc" not within volume path/,
  )
})

test.serial('a claim leads to its volume', async t => {
  const path = `${node.machine.dir}/local`
  await node.machine.run('mkdir', '-p', path)
  await node.machine.run('sh', '-c', `echo kept > ${path}/x`)
  const claim = await node.client.create(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'mine', namespace },
    spec: {
      accessModes: ['ReadWriteOnce'],
      volumeName: 'local',
      storageClassName: '',
      resources: { requests: { storage: '1Gi' } },
    },
  } as never)
  const waiting = inPod('claimed', 'cat /v/mine/x', [
    { name: 'mine', persistentVolumeClaim: { claimName: 'mine' } },
  ])
  await node.waitForEvent('claimed', /^FailedMount: .*error processing PVC default\/mine: PVC is not bound$/)
  await node.client.create(persistentVolumes, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'local' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { namespace, name: 'mine', uid: claim.metadata.uid },
      hostPath: { path },
    },
  } as never)
  const status = { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } }
  await node.client.patch(
    persistentVolumeClaims,
    claim.metadata,
    { type: 'merge', body: { status } },
    { subresource: 'status' },
  )
  t.is(await waiting, 'kept\n')
})

test.serial('/etc/hosts has the Pod’s own names and aliases', async t => {
  const output = await inPod('named', 'cat /etc/hosts', [], {
    hostname: 'box',
    subdomain: 'inner',
    hostAliases: [{ ip: '192.0.2.7', hostnames: ['a.example', 'b.example'] }],
  })
  t.regex(output, /^# Kubernetes-managed hosts file\.$/m)
  t.regex(output, /^10\.99\.0\.\d+\tbox\.inner\.default\.svc\.cluster\.local\tbox$/m)
  t.regex(output, /^192\.0\.2\.7\ta\.example\tb\.example$/m)
})

test.serial('the environment comes from Services, ConfigMaps, Secrets, the Pod and its limits', async t => {
  const output = await inPod(
    'env',
    'echo "$PRE_one $SECRET $NAME $CPU $BOTH"; env | grep KUBERNETES_SERVICE_HOST',
    [],
    {
      container: {
        resources: { limits: { cpu: '500m', memory: '64Mi' } },
        envFrom: [{ prefix: 'PRE_', configMapRef: { name: 'settings' } }],
        env: [
          { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'keys', key: 'key' } } },
          { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
          { name: 'BOTH', value: '$(NAME)-$(CPU)-$$(CPU)' },
        ],
      },
    },
  )
  t.regex(output, /^1 hidden env 500 env-500-\$\(CPU\)\nKUBERNETES_SERVICE_HOST=10\.96\.0\.1\n$/)
})

test.serial(
  'volumes of a running Pod go on being written under a new kubelet, and leave nothing',
  async t => {
    const metadata = { name: 'lasting', namespace }
    await node.client.create(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { a: 'old' },
    })
    const script = 'until grep -q new /v/map/a; do sleep 0.02; done; cat /v/map/a'
    const output = inPod('lasting', script, [
      { name: 'map', configMap: { name: 'lasting' } },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
    ])
    const pod: Pod = await node.waitForPod('lasting', isReady)
    await node.killKubelet()
    await node.client.patch(configMaps, metadata, { type: 'merge', body: { data: { a: 'new' } } })
    await node.startKubelet()
    t.is(await output, 'new')
    await node.client.delete(pods, { name: 'lasting', namespace })
    await node.waitForGone('lasting')
    // It was over already: the object goes before all is given back.
    const look = `ls ${node.machine.dir}/kubelet/pods; cat /proc/mounts`
    const deadline = Date.now() + 120_000
    while ((await node.machine.run('sh', '-c', look)).includes(pod.metadata.uid!)) {
      if (Date.now() > deadline) return t.fail('volumes are left')
    }
    t.pass()
  },
)
