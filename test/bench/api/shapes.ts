import { randomBytes } from 'node:crypto'

/** Everything the bench makes is in this namespace. */
export const NAMESPACE = 'bench'
const CORE = `/api/v1/namespaces/${NAMESPACE}`
export const CONFIG_MAPS = `${CORE}/configmaps`
export const PODS = `${CORE}/pods`
export const SERVICE_ACCOUNTS = `${CORE}/serviceaccounts`

const randomText = (length: number): string => randomBytes(length).toString('base64').slice(0, length)

/** A ConfigMap with a KiB of data. */
export const configMap = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { app: 'bench' } },
  data: { text: randomText(1024) },
})

/** A Pod as Deployments of web applications have them: two containers, about 2 KiB. */
export const pod = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: NAMESPACE,
    labels: {
      app: 'shop',
      tier: 'web',
      'pod-template-hash': '5d8f9c7b64',
      'app.kubernetes.io/part-of': 'bench',
    },
    annotations: {
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '9102',
      'bench/configuration-digest': '7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730',
    },
  },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 30,
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    containers: [shop, sidecar],
    volumes: [
      { name: 'settings', configMap: { name: 'shop-settings', defaultMode: 420 } },
      { name: 'scratch', emptyDir: {} },
    ],
    tolerations: ['not-ready', 'unreachable'].map(state => ({
      key: `node.kubernetes.io/${state}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    })),
  },
})

const shop = {
  name: 'shop',
  image: 'registry.example.com/shop/web:v3.1.4',
  imagePullPolicy: 'IfNotPresent',
  args: ['--address=:8080', '--verbosity=info', '--settings=/etc/shop/settings.yaml'],
  ports: [
    { name: 'http', containerPort: 8080, protocol: 'TCP' },
    { name: 'metrics', containerPort: 9102, protocol: 'TCP' },
  ],
  env: [
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    { name: 'ZONE', value: 'europe-north1-b' },
    { name: 'SWITCHES', value: 'search=on,basket=on,reviews=off' },
  ],
  resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
  livenessProbe: { httpGet: { path: '/live', port: 8080 }, initialDelaySeconds: 10, periodSeconds: 10 },
  readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 5 },
  volumeMounts: [
    { name: 'settings', mountPath: '/etc/shop' },
    { name: 'scratch', mountPath: '/tmp' },
  ],
  securityContext: {
    runAsNonRoot: true,
    runAsUser: 1000,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  },
}

const sidecar = {
  name: 'sidecar',
  image: 'registry.example.com/mesh/proxy:v0.7.2',
  args: ['forward', '--to=127.0.0.1:8080'],
  ports: [{ containerPort: 15_001 }],
  resources: { requests: { cpu: '5m', memory: '16Mi' } },
  volumeMounts: [{ name: 'scratch', mountPath: '/tmp' }],
}

/** What a kubelet reports of a running Pod; never twice the same. */
export function podStatus(i: number): object {
  const now = `${new Date().toISOString().slice(0, 19)}Z`
  const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(type => ({
    type,
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: now,
    message: `report ${i} ${randomText(6)}`,
  }))
  const container = {
    name: 'shop',
    image: shop.image,
    imageID: `sha256:${'a'.repeat(64)}`,
    containerID: `containerd://${randomBytes(32).toString('hex')}`,
    ready: true,
    restartCount: 0,
    started: true,
    state: { running: { startedAt: now } },
  }
  return {
    status: {
      phase: 'Running',
      hostIP: '10.0.0.1',
      podIP: `10.1.${(i >> 8) & 255}.${i & 255}`,
      startTime: now,
      qosClass: 'Burstable',
      conditions,
      containerStatuses: [container],
    },
  }
}
