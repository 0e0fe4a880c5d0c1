import test from 'ava'
import { startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

/**
 * Default discovery of Kubernetes v1.34: `resource Kind [short,names] [+category]`; `cluster:` before what has no namespace;
 * subresources behind the slash, with verbs in brackets where they are not those of a status.
 */
const FACTS: Record<string, string[]> = {
  '/api/v1': [
    'bindings Binding',
    'cluster:componentstatuses ComponentStatus cs',
    'configmaps ConfigMap cm',
    'endpoints Endpoints ep',
    'events Event ev',
    'limitranges LimitRange limits',
    'cluster:namespaces Namespace ns',
    'cluster:namespaces/finalize Namespace [update]',
    'cluster:namespaces/status Namespace',
    'cluster:nodes Node no',
    'cluster:nodes/proxy NodeProxyOptions [create delete get patch update]',
    'cluster:nodes/status Node',
    'persistentvolumeclaims PersistentVolumeClaim pvc',
    'persistentvolumeclaims/status PersistentVolumeClaim',
    'cluster:persistentvolumes PersistentVolume pv',
    'cluster:persistentvolumes/status PersistentVolume',
    'pods Pod po +all',
    'pods/attach PodAttachOptions [create get]',
    'pods/binding Binding [create]',
    'pods/ephemeralcontainers Pod',
    'pods/eviction policy/v1/Eviction [create]',
    'pods/exec PodExecOptions [create get]',
    'pods/log Pod [get]',
    'pods/portforward PodPortForwardOptions [create get]',
    'pods/proxy PodProxyOptions [create delete get patch update]',
    'pods/resize Pod',
    'pods/status Pod',
    'podtemplates PodTemplate',
    'replicationcontrollers ReplicationController rc +all',
    'replicationcontrollers/scale autoscaling/v1/Scale',
    'replicationcontrollers/status ReplicationController',
    'resourcequotas ResourceQuota quota',
    'resourcequotas/status ResourceQuota',
    'secrets Secret',
    'serviceaccounts ServiceAccount sa',
    'serviceaccounts/token authentication.k8s.io/v1/TokenRequest [create]',
    'services Service svc +all',
    'services/proxy ServiceProxyOptions [create delete get patch update]',
    'services/status Service',
  ],
  '/apis/apps/v1': [
    'controllerrevisions ControllerRevision',
    'daemonsets DaemonSet ds +all',
    'daemonsets/status DaemonSet',
    'deployments Deployment deploy +all',
    'deployments/scale autoscaling/v1/Scale',
    'deployments/status Deployment',
    'replicasets ReplicaSet rs +all',
    'replicasets/scale autoscaling/v1/Scale',
    'replicasets/status ReplicaSet',
    'statefulsets StatefulSet sts +all',
    'statefulsets/scale autoscaling/v1/Scale',
    'statefulsets/status StatefulSet',
  ],
  '/apis/events.k8s.io/v1': ['events Event ev'],
  '/apis/authentication.k8s.io/v1': [
    'cluster:selfsubjectreviews SelfSubjectReview',
    'cluster:tokenreviews TokenReview',
  ],
  '/apis/authorization.k8s.io/v1': [
    'localsubjectaccessreviews LocalSubjectAccessReview',
    'cluster:selfsubjectaccessreviews SelfSubjectAccessReview',
    'cluster:selfsubjectrulesreviews SelfSubjectRulesReview',
    'cluster:subjectaccessreviews SubjectAccessReview',
  ],
  '/apis/autoscaling/v2': [
    'horizontalpodautoscalers HorizontalPodAutoscaler hpa +all',
    'horizontalpodautoscalers/status HorizontalPodAutoscaler',
  ],
  '/apis/autoscaling/v1': [
    'horizontalpodautoscalers HorizontalPodAutoscaler hpa +all',
    'horizontalpodautoscalers/status HorizontalPodAutoscaler',
  ],
  '/apis/batch/v1': [
    'cronjobs CronJob cj +all',
    'cronjobs/status CronJob',
    'jobs Job +all',
    'jobs/status Job',
  ],
  '/apis/certificates.k8s.io/v1': [
    'cluster:certificatesigningrequests CertificateSigningRequest csr',
    'cluster:certificatesigningrequests/approval CertificateSigningRequest',
    'cluster:certificatesigningrequests/status CertificateSigningRequest',
  ],
  '/apis/networking.k8s.io/v1': [
    'cluster:ingressclasses IngressClass',
    'ingresses Ingress ing',
    'ingresses/status Ingress',
    'cluster:ipaddresses IPAddress ip',
    'networkpolicies NetworkPolicy netpol',
    'cluster:servicecidrs ServiceCIDR',
    'cluster:servicecidrs/status ServiceCIDR',
  ],
  '/apis/policy/v1': [
    'poddisruptionbudgets PodDisruptionBudget pdb',
    'poddisruptionbudgets/status PodDisruptionBudget',
  ],
  '/apis/rbac.authorization.k8s.io/v1': [
    'cluster:clusterrolebindings ClusterRoleBinding',
    'cluster:clusterroles ClusterRole',
    'rolebindings RoleBinding',
    'roles Role',
  ],
  '/apis/storage.k8s.io/v1': [
    'cluster:csidrivers CSIDriver',
    'cluster:csinodes CSINode',
    'csistoragecapacities CSIStorageCapacity',
    'cluster:storageclasses StorageClass sc',
    'cluster:volumeattachments VolumeAttachment',
    'cluster:volumeattachments/status VolumeAttachment',
    'cluster:volumeattributesclasses VolumeAttributesClass vac',
  ],
  '/apis/admissionregistration.k8s.io/v1': [
    'cluster:mutatingwebhookconfigurations MutatingWebhookConfiguration +api-extensions',
    'cluster:validatingadmissionpolicies ValidatingAdmissionPolicy +api-extensions',
    'cluster:validatingadmissionpolicies/status ValidatingAdmissionPolicy',
    'cluster:validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding +api-extensions',
    'cluster:validatingwebhookconfigurations ValidatingWebhookConfiguration +api-extensions',
  ],
  '/apis/scheduling.k8s.io/v1': ['cluster:priorityclasses PriorityClass pc'],
  '/apis/coordination.k8s.io/v1': ['leases Lease'],
  '/apis/node.k8s.io/v1': ['cluster:runtimeclasses RuntimeClass'],
  '/apis/discovery.k8s.io/v1': ['endpointslices EndpointSlice'],
  '/apis/resource.k8s.io/v1': [
    'cluster:deviceclasses DeviceClass',
    'resourceclaims ResourceClaim',
    'resourceclaims/status ResourceClaim',
    'resourceclaimtemplates ResourceClaimTemplate',
    'cluster:resourceslices ResourceSlice',
  ],
  '/apis/flowcontrol.apiserver.k8s.io/v1': [
    'cluster:flowschemas FlowSchema',
    'cluster:flowschemas/status FlowSchema',
    'cluster:prioritylevelconfigurations PriorityLevelConfiguration',
    'cluster:prioritylevelconfigurations/status PriorityLevelConfiguration',
  ],
}

const STATUS = 'get,patch,update'
const ALL = 'create,delete,deletecollection,get,list,patch,update,watch'
const VERBS: Record<string, string> = {
  bindings: 'create',
  componentstatuses: 'get,list',
  namespaces: 'create,delete,get,list,patch,update,watch',
}
const isReview = (name: string): boolean => name.endsWith('reviews')

function fact(resource: any): string {
  const { name, kind, namespaced, group, version, shortNames = [], categories = [], verbs } = resource
  const usual = name.includes('/') ? STATUS : isReview(name) ? 'create' : (VERBS[name] ?? ALL)
  const words = [
    `${namespaced ? '' : 'cluster:'}${name}`,
    group ? `${group}/${version}/${kind}` : kind,
    ...(shortNames.length > 0 ? [shortNames.join(',')] : []),
    ...categories.map((category: string) => `+${category}`),
    ...(verbs.join(',') === usual ? [] : [`[${verbs.join(' ')}]`]),
  ]
  return words.join(' ')
}

for (const [path, facts] of Object.entries(FACTS)) {
  test(`the resources of a group version are upstream's - ${path}`, async t => {
    const { status, body } = await api.raw(path)
    t.is(status, 200)
    t.deepEqual(body.resources.map(fact), facts)
    for (const { name, kind, singularName } of body.resources) {
      t.is(singularName, name.includes('/') ? '' : kind.toLowerCase())
    }
  })
}

/** Hashes as real servers show them. */
const HASHES: Record<string, string> = {
  '/api/v1 pods': 'xPOwRZ+Yhw8=',
  '/api/v1 events': 'r2yiGXH7wu8=',
  '/api/v1 services': '0/CO1lhkEBI=',
  '/apis/apps/v1 deployments': '8aSe+NMegvE=',
  '/apis/batch/v1 cronjobs': 'sd5LIXh4Fjs=',
  '/apis/events.k8s.io/v1 events': 'r2yiGXH7wu8=',
  '/apis/autoscaling/v1 horizontalpodautoscalers': 'qwQve8ut294=',
  '/apis/autoscaling/v2 horizontalpodautoscalers': 'qwQve8ut294=',
  '/apis/policy/v1 poddisruptionbudgets': 'EVWiDmWqyJw=',
  '/apis/storage.k8s.io/v1 volumeattachments': 'tJx/ezt6UDU=',
  '/apis/rbac.authorization.k8s.io/v1 clusterrolebindings': '48tpQ8gZHFc=',
}

test('the hash of the stored version is upstream’s, and shared by views of the same objects', async t => {
  for (const [id, hash] of Object.entries(HASHES)) {
    const [path, resource] = id.split(' ') as [string, string]
    const { resources } = (await api.raw(path)).body
    t.is(resources.find(({ name }: { name: string }) => name === resource).storageVersionHash, hash, id)
  }
  const reviews = (await api.raw('/apis/authorization.k8s.io/v1')).body.resources
  t.true(reviews.every((review: object) => !('storageVersionHash' in review)))
})

test('autoscaling prefers v2 and serves v1', async t => {
  const { body } = await api.raw('/apis/autoscaling')
  t.is(body.preferredVersion.groupVersion, 'autoscaling/v2')
  t.deepEqual(
    body.versions.map(({ version }: { version: string }) => version),
    ['v2', 'v1'],
  )
})

test('the state of the components is looked up, and said to be deprecated', async t => {
  const { body, headers } = await api.raw('/api/v1/componentstatuses')
  t.regex(String(headers.warning), /v1 ComponentStatus is deprecated in v1\.19\+/)
  const store = body.items.find(({ metadata }: any) => metadata.name === 'etcd-0')
  t.like(store.conditions[0], { type: 'Healthy', status: 'True' })
  t.is((await api.raw('/api/v1/componentstatuses/nobody')).status, 404)
  t.is((await api.raw('/api/v1/componentstatuses', { body: {} })).status, 405)
})

test('an OpenAPI document asked for by the hash of another one is found where it is now', async t => {
  const { paths } = (await api.raw('/openapi/v3')).body
  const { serverRelativeURL } = paths['apis/apps/v1']
  const found = await api.raw(serverRelativeURL)
  t.is(found.status, 200)
  t.is(found.headers['cache-control'], 'public, immutable')
  const moved = await api.raw('/openapi/v3/apis/apps/v1?hash=0')
  t.is(moved.status, 301)
  t.is(moved.headers.location, serverRelativeURL)
})
