import { createRequest } from './certificate-request.ts'
import { definition, version } from './custom-resources.ts'

const labels = { app: 'a' }
const selector = { matchLabels: labels }
const podSpec = {
  containers: [
    {
      name: 'main',
      image: 'a/b:1',
      ports: [{ name: 'http', containerPort: 80 }],
      env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      resources: { requests: { cpu: '1' }, limits: { cpu: '1', memory: '1Gi' } },
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
      livenessProbe: { httpGet: { port: 'http' } },
      lifecycle: { preStop: { sleep: { seconds: 1 } } },
      securityContext: { runAsUser: 1, capabilities: { drop: ['ALL'] } },
    },
  ],
  initContainers: [{ name: 'first', image: 'a', restartPolicy: 'Always' }],
  volumes: [
    { name: 'data', emptyDir: {} },
    { name: 'all', projected: { sources: [{ configMap: { name: 'a' } }] } },
  ],
  tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute' }],
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, podAffinityTerm: { topologyKey: 'a', labelSelector: selector } },
      ],
    },
  },
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' }],
  hostAliases: [{ ip: '10.0.0.1', hostnames: ['a'] }],
}
const template = { metadata: { labels }, spec: podSpec }
const jobTemplate = { spec: { ...podSpec, restartPolicy: 'Never' } }
const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }]
const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' }]
const roleRef = (kind: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name: 'a' })
const operations = [
  { operations: ['CREATE'], apiGroups: ['none.example.com'], apiVersions: ['v1'], resources: ['nones'] },
]
const webhooks = [
  {
    name: 'a.example.com',
    clientConfig: { url: 'https://a.example.com/' },
    rules: operations,
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  },
]
const access = { resourceAttributes: { verb: 'get', resource: 'pods' } }
const involved = { kind: 'Pod', name: 'a', namespace: 'events' }
const devices = {
  requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpus' } }],
  constraints: [{ requests: ['gpu'], matchAttribute: 'example.com/numa' }],
}
const pool = { name: 'p', generation: 1, resourceSliceCount: 1 }
const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' }

/**
 * A small object of each kind that is served, by its resource, that the server takes as it is. `metadata.name` is `sound`
 * where not said. All of them are without harm to requests for others.
 */
export const soundObjects: Record<string, Record<string, unknown>> = {
  configmaps: { data: { a: 'b' }, binaryData: { c: 'YQ==' } },
  endpoints: { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
  events: {
    involvedObject: involved,
    reason: 'A',
    message: 'b',
    type: 'Normal',
    metadata: { name: 'sound' },
  },
  limitranges: { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, default: { cpu: '1' } }] } },
  namespaces: {},
  nodes: { spec: { podCIDR: '10.0.0.0/24', taints: [{ key: 'a', effect: 'NoSchedule' }] } },
  persistentvolumeclaims: {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
  persistentvolumes: {
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/a' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }],
        },
      },
    },
  },
  podtemplates: { template },
  pods: { spec: podSpec },
  replicationcontrollers: { spec: { selector: labels, template } },
  resourcequotas: { spec: { hard: { pods: '5' }, scopes: ['NotTerminating'] } },
  secrets: { type: 'Opaque', data: { a: 'YQ==' } },
  serviceaccounts: { secrets: [{ name: 'a' }], imagePullSecrets: [{ name: 'b' }] },
  services: { spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }] } },
  'controllerrevisions.apps': { revision: 1, data: { a: 1 } },
  'daemonsets.apps': { spec: { selector, template } },
  'deployments.apps': { spec: { selector, template, strategy: { rollingUpdate: { maxSurge: '25%' } } } },
  'replicasets.apps': { spec: { selector, template } },
  'statefulsets.apps': {
    spec: {
      selector,
      template,
      serviceName: 'a',
      volumeClaimTemplates: [
        {
          metadata: { name: 'claim' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  },
  'cronjobs.batch': { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: jobTemplate } } } },
  'jobs.batch': {
    spec: {
      template: jobTemplate,
      podFailurePolicy: {
        rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1] }, onPodConditions: [] }],
      },
    },
  },
  'horizontalpodautoscalers.autoscaling': {
    spec: {
      scaleTargetRef: target,
      maxReplicas: 3,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
        },
      ],
      behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 15 }] } },
    },
  },
  'poddisruptionbudgets.policy': { spec: { minAvailable: 1, selector } },
  'ingressclasses.networking.k8s.io': { spec: { controller: 'a.example.com/b' } },
  'ingresses.networking.k8s.io': {
    spec: {
      defaultBackend: { service: { name: 'a', port: { number: 80 } } },
      rules: [
        {
          host: 'a.example.com',
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: { service: { name: 'a', port: { name: 'b' } } } },
            ],
          },
        },
      ],
      tls: [{ hosts: ['a.example.com'], secretName: 'a' }],
    },
  },
  'ipaddresses.networking.k8s.io': {
    metadata: { name: '10.9.9.9' },
    spec: { parentRef: { resource: 'services', namespace: 'a', name: 'b' } },
  },
  'networkpolicies.networking.k8s.io': {
    spec: {
      podSelector: selector,
      ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ protocol: 'TCP', port: 80 }] }],
    },
  },
  'servicecidrs.networking.k8s.io': { spec: { cidrs: ['10.8.0.0/16'] } },
  'endpointslices.discovery.k8s.io': {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'a', port: 80 }],
  },
  'leases.coordination.k8s.io': { spec: { holderIdentity: 'a', leaseDurationSeconds: 5 } },
  'clusterrolebindings.rbac.authorization.k8s.io': { roleRef: roleRef('ClusterRole'), subjects },
  'clusterroles.rbac.authorization.k8s.io': { rules },
  'rolebindings.rbac.authorization.k8s.io': { roleRef: roleRef('Role'), subjects },
  'roles.rbac.authorization.k8s.io': { rules },
  'csidrivers.storage.k8s.io': { spec: { tokenRequests: [{ audience: 'a' }] } },
  'csinodes.storage.k8s.io': { spec: { drivers: [{ name: 'a', nodeID: 'b', topologyKeys: ['c'] }] } },
  'csistoragecapacities.storage.k8s.io': { storageClassName: 'a', capacity: '1Gi' },
  'storageclasses.storage.k8s.io': {
    provisioner: 'a.example.com',
    allowedTopologies: [{ matchLabelExpressions: [{ key: 'a', values: ['b'] }] }],
  },
  'volumeattachments.storage.k8s.io': {
    spec: { attacher: 'a', nodeName: 'b', source: { persistentVolumeName: 'c' } },
  },
  'volumeattributesclasses.storage.k8s.io': { driverName: 'a', parameters: { a: 'b' } },
  'priorityclasses.scheduling.k8s.io': { value: 1 },
  'runtimeclasses.node.k8s.io': { handler: 'a', scheduling: { nodeSelector: labels } },
  'certificatesigningrequests.certificates.k8s.io': {
    spec: {
      signerName: 'example.com/a',
      request: await createRequest('a'),
      usages: ['client auth'],
      expirationSeconds: 3600,
    },
  },
  'customresourcedefinitions.apiextensions.k8s.io': definition('sound.example.com', [
    version('v1', { a: { type: 'string', default: 'b' } }),
  ]),
  'apiservices.apiregistration.k8s.io': {
    metadata: { name: 'v1.none.example.com' },
    spec: {
      group: 'none.example.com',
      version: 'v1',
      groupPriorityMinimum: 1,
      versionPriority: 1,
      service: { namespace: 'a', name: 'b' },
      insecureSkipTLSVerify: true,
    },
  },
  'events.events.k8s.io': {
    eventTime: '2025-01-01T00:00:00.000000Z',
    reportingController: 'example.com/a',
    reportingInstance: 'b',
    action: 'c',
    reason: 'd',
    type: 'Normal',
    regarding: { ...involved, namespace: 'events-events-k8s-io' },
  },
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': { webhooks },
  'validatingwebhookconfigurations.admissionregistration.k8s.io': { webhooks },
  'validatingadmissionpolicies.admissionregistration.k8s.io': {
    spec: {
      matchConstraints: { resourceRules: operations },
      validations: [{ expression: 'object.metadata.name != "a"' }],
    },
  },
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': {
    spec: { policyName: 'a', validationActions: ['Deny'] },
  },
  'flowschemas.flowcontrol.apiserver.k8s.io': {
    spec: {
      priorityLevelConfiguration: { name: 'none' },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'none' } }],
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }],
        },
      ],
    },
  },
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': {
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: 1,
        limitResponse: { type: 'Queue', queuing: { queues: 8, handSize: 2, queueLengthLimit: 5 } },
      },
    },
  },
  'deviceclasses.resource.k8s.io': { spec: { selectors: [{ cel: { expression: 'true' } }] } },
  'resourceclaimtemplates.resource.k8s.io': { spec: { spec: { devices } } },
  'resourceclaims.resource.k8s.io': { spec: { devices } },
  'resourceslices.resource.k8s.io': {
    spec: {
      driver: 'a.example.com',
      pool,
      nodeName: 'a',
      devices: [{ name: 'd', attributes: { a: { bool: true } } }],
    },
  },
  'selfsubjectreviews.authentication.k8s.io': {},
  'tokenreviews.authentication.k8s.io': { spec: { token: 'a.b.c', audiences: ['a'] } },
  'localsubjectaccessreviews.authorization.k8s.io': {
    spec: {
      user: 'jane',
      resourceAttributes: {
        ...access.resourceAttributes,
        namespace: 'localsubjectaccessreviews-authorization-k8s-io',
      },
    },
  },
  'selfsubjectaccessreviews.authorization.k8s.io': { spec: access },
  'selfsubjectrulesreviews.authorization.k8s.io': { spec: { namespace: 'default' } },
  'subjectaccessreviews.authorization.k8s.io': { spec: { user: 'jane', ...access } },
}
