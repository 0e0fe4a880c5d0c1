import type { RequestOptions } from '../bench/api/connection.ts'

/** A request; those of a list follow each other on one server. */
export type Case = RequestOptions & { method: string }

const CORE = '/api/v1/namespaces/default'
const APPLY = 'application/apply-patch+yaml'
const STRATEGIC = 'application/strategic-merge-patch+json'
const selector = { matchLabels: { app: 'a' } }
const containers = [{ name: 'c', image: 'i' }]
const template = { metadata: { labels: { app: 'a' } }, spec: { containers } }
const jobTemplate = { ...template, spec: { restartPolicy: 'Never', containers } }
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }

const at = (group: string, resource: string, namespaced = true): string =>
  `/apis/${group}/${namespaced ? 'namespaces/default/' : ''}${resource}`
const create = (path: string, name: string, body: object): Case => ({
  method: 'POST',
  path,
  body: { metadata: { name }, ...body },
})
const read = (path: string): Case => ({ method: 'GET', path })
const remove = (path: string): Case => ({ method: 'DELETE', path })
const patch = (path: string, body: object, type = STRATEGIC): Case => ({ method: 'PATCH', path, body, type })

const documents: Case[] = [
  '/',
  '/api',
  '/api/v1',
  '/apis',
  '/apis/apps/v1',
  '/apis/nothing',
  '/healthz',
  '/livez',
].map(read)

const events: Case[] = [
  create(`${CORE}/events`, 'core', {
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'R',
    message: 'm',
    type: 'Normal',
    count: 1,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    source: { component: 'c' },
  }),
  create(at('events.k8s.io/v1', 'events'), 'new', {
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'R',
    note: 'm',
    type: 'Normal',
    action: 'A',
    reportingController: 'x/y',
    reportingInstance: 'i',
    eventTime: '2026-01-01T00:00:00.000000Z',
  }),
  read(`${CORE}/events/new`),
  read(at('events.k8s.io/v1', 'events/core')),
]

const POD = `${CORE}/pods/p`
const running = { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } }
const pods: Case[] = [
  create(`${CORE}/pods`, 'early', { spec: { containers } }),
  create(`${CORE}/serviceaccounts`, 'default', {}),
  create(`${CORE}/pods`, 'p', {
    spec: {
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'c',
          image: 'i',
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          resources: { requests: { cpu: '1' } },
          ports: [{ containerPort: 80 }],
          livenessProbe: { httpGet: { port: 80 } },
          securityContext: {},
        },
      ],
      volumes: [
        { name: 'e', emptyDir: {} },
        { name: 'v', ephemeral: { volumeClaimTemplate: { spec: claim } } },
        { name: 'm', configMap: { name: 'x' } },
      ],
      affinity: {},
      tolerations: [{ key: 'a', operator: 'Exists' }],
    },
  }),
  patch(`${POD}/status`, { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }),
  patch(`${POD}/status`, {
    status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }], containerStatuses: [running] },
  }),
  patch(`${POD}/ephemeralcontainers`, { spec: { ephemeralContainers: [{ name: 'd', image: 'x' }] } }),
  patch(`${POD}/resize`, { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '2' } } }] } }),
  patch(POD, { metadata: { labels: { a: 'b' } } }),
  patch(POD, { spec: { hostNetwork: true } }),
  create(`${POD}/binding`, 'other', { target: { kind: 'Node', name: 'n' } }),
  create(`${POD}/binding`, 'p', { target: { kind: 'Node', name: 'n' } }),
  create(`${POD}/binding`, 'p', { target: { kind: 'Node', name: 'n' } }),
  read(POD),
  remove(POD),
]

const APPLIED = `${at('apps/v1', 'deployments/applied')}?fieldManager=m`
const applied = (spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'applied' },
  spec,
})
const workloads: Case[] = [
  create(at('apps/v1', 'deployments'), 'd', { spec: { selector, template } }),
  patch(at('apps/v1', 'deployments/d/status'), {
    status: { conditions: [{ type: 'Available', status: 'True' }] },
  }),
  create(at('apps/v1', 'daemonsets'), 'd', { spec: { selector, template } }),
  create(at('apps/v1', 'replicasets'), 'r', { spec: { selector, template } }),
  create(at('apps/v1', 'statefulsets'), 's', {
    spec: {
      serviceName: 's',
      selector,
      template,
      volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: claim }],
    },
  }),
  create(`${CORE}/replicationcontrollers`, 'r', { spec: { template } }),
  create(`${CORE}/podtemplates`, 't', { template: { spec: { containers } } }),
  create(at('batch/v1', 'jobs'), 'labelled', {
    metadata: { name: 'labelled', labels: { app: 'a' } },
    spec: { template: jobTemplate },
  }),
  create(at('batch/v1', 'jobs'), 'adopts', { spec: { template: jobTemplate } }),
  remove(at('batch/v1', 'jobs/adopts')),
  create(at('batch/v1', 'cronjobs'), 'c', {
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template: jobTemplate } } },
  }),
  create(at('policy/v1', 'poddisruptionbudgets'), 'b', { spec: { minAvailable: 1, selector: {} } }),
  create(at('autoscaling/v2', 'horizontalpodautoscalers'), 'h', {
    spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } },
  }),
  read(at('autoscaling/v1', 'horizontalpodautoscalers/h')),
  patch(APPLIED, applied({ replicas: 2, selector, template }), APPLY),
  patch(
    `${at('apps/v1', 'deployments/applied/scale')}?fieldManager=h`,
    { spec: { replicas: 5 } },
    'application/merge-patch+json',
  ),
  patch(APPLIED, applied({ replicas: 2, selector, template }), APPLY),
  patch(`${APPLIED}&force=true`, applied({ selector, template }), APPLY),
]

const local = {
  type: 'LoadBalancer',
  externalTrafficPolicy: 'Local',
  ports: [{ port: 80 }],
  selector: { a: 'b' },
}
const networking: Case[] = [
  create(`${CORE}/services`, 's', { spec: { ports: [{ port: 80 }], selector: { a: 'b' } } }),
  create(`${CORE}/services`, 'local', { spec: local }),
  patch(`${CORE}/services/local/status`, { status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } } }),
  create(`${CORE}/services`, 'Wrong', { spec: { ports: [{ port: 0 }] } }),
  create(`${CORE}/endpoints`, 'e', { subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 1 }] }] }),
  create(at('discovery.k8s.io/v1', 'endpointslices'), 'empty', { addressType: 'IPv4' }),
  create(at('discovery.k8s.io/v1', 'endpointslices'), 'one', {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.1'] }],
  }),
  create(at('networking.k8s.io/v1', 'ingresses'), 'i', {
    spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
  }),
  create(at('networking.k8s.io/v1', 'networkpolicies'), 'n', { spec: { podSelector: {} } }),
]

const LEASES = at('coordination.k8s.io/v1', 'leases')
const others: Case[] = [
  create('/api/v1/nodes', 'n', { status: { conditions: [{ type: 'Ready', status: 'True' }] } }),
  create('/api/v1/namespaces', 'another', {}),
  create(`${CORE}/configmaps`, 'c', {
    metadata: { name: 'c', annotations: {} },
    data: { a: 'b' },
    binaryData: {},
  }),
  create(`${CORE}/configmaps`, 'c', {}),
  create(`${CORE}/secrets`, 's', { stringData: { a: 'b' } }),
  create(`${CORE}/resourcequotas`, 'q', { spec: { hard: { pods: '1' } } }),
  create(`${CORE}/persistentvolumeclaims`, 'c', { spec: claim }),
  create('/api/v1/persistentvolumes', 'v', {
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } },
  }),
  create(LEASES, 'l', { spec: { holderIdentity: 'x' } }),
  { method: 'PUT', path: `${LEASES}/l`, body: { metadata: { name: 'l' }, spec: { holderIdentity: 'y' } } },
  patch(`${LEASES}/l`, { spec: { holderIdentity: 'y' } }),
  create(at('rbac.authorization.k8s.io/v1', 'clusterroles', false), 'r', {}),
  create(at('storage.k8s.io/v1', 'storageclasses', false), 's', { provisioner: 'x' }),
  create(at('storage.k8s.io/v1', 'csidrivers', false), 'd', { spec: {} }),
  create(at('storage.k8s.io/v1', 'csinodes', false), 'n', { spec: {} }),
  create(at('storage.k8s.io/v1', 'volumeattachments', false), 'a', {
    spec: { attacher: 'x', nodeName: 'n', source: { persistentVolumeName: 'p' } },
  }),
  create(at('flowcontrol.apiserver.k8s.io/v1', 'prioritylevelconfigurations', false), 'p', {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } },
  }),
  create(at('apiextensions.k8s.io/v1', 'customresourcedefinitions', false), 'as.x.io', {
    spec: {
      group: 'x.io',
      scope: 'Namespaced',
      names: { plural: 'as', kind: 'A' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  }),
  create(at('apiregistration.k8s.io/v1', 'apiservices', false), 'v1.y.io', {
    spec: {
      group: 'y.io',
      version: 'v1',
      groupPriorityMinimum: 1,
      versionPriority: 1,
      service: { name: 'a', namespace: 'default' },
    },
  }),
]

/** What is asked of both servers, in this order. */
export const cases: readonly Case[] = [
  ...documents,
  ...events,
  ...pods,
  ...workloads,
  ...networking,
  ...others,
]
