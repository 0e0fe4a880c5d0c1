import test from 'ava'
import { builtinKinds } from '../../../api/kinds/builtin.ts'
import type { Column } from '../../../api/kinds/kind.ts'

/**
 * Headings of Kubernetes v1.34 (`printers.go`), `-o wide` after the bar, `_` for a space; the type stands behind a colon
 * where it is not string.
 */
const HEADINGS: Record<string, string> = {
  'v1/componentstatuses': 'Name Status Message Error',
  'v1/configmaps': 'Name Data Age',
  'v1/endpoints': 'Name Endpoints Age',
  'v1/events': 'Last_Seen Type Reason Object Message | Subobject Source First_Seen Count Name',
  'v1/limitranges': 'Name Created_At:date',
  'v1/namespaces': 'Name Status Age',
  'v1/nodes':
    'Name Status Roles Age Version | Internal-IP External-IP OS-Image Kernel-Version Container-Runtime',
  'v1/persistentvolumeclaims':
    'Name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age | VolumeMode',
  'v1/persistentvolumes':
    'Name Capacity Access_Modes Reclaim_Policy Status Claim StorageClass VolumeAttributesClass Reason Age | VolumeMode',
  'v1/podtemplates': 'Name Containers Images Pod_Labels',
  'v1/pods': 'Name Ready Status Restarts Age | IP Node Nominated_Node Readiness_Gates',
  'v1/replicationcontrollers':
    'Name Desired:integer Current:integer Ready:integer Age | Containers Images Selector',
  'v1/resourcequotas': 'Name Request Limit Age',
  'v1/secrets': 'Name Type Data Age',
  'v1/serviceaccounts': 'Name Secrets Age',
  'v1/services': 'Name Type Cluster-IP External-IP Port(s) Age | Selector',
  'apps/v1/controllerrevisions': 'Name Controller Revision Age',
  'apps/v1/daemonsets':
    'Name Desired:integer Current:integer Ready:integer Up-to-date:integer Available:integer Node_Selector Age | Containers Images Selector',
  'apps/v1/deployments': 'Name Ready Up-to-date Available Age | Containers Images Selector',
  'apps/v1/replicasets':
    'Name Desired:integer Current:integer Ready:integer Age | Containers Images Selector',
  'apps/v1/statefulsets': 'Name Ready Age | Containers Images',
  'batch/v1/cronjobs':
    'Name Schedule Timezone Suspend:boolean Active:integer Last_Schedule Age | Containers Images Selector',
  'batch/v1/jobs': 'Name Status Completions Duration Age | Containers Images Selector',
  'autoscaling/v2/horizontalpodautoscalers': 'Name Reference Targets MinPods MaxPods Replicas Age',
  'autoscaling/v1/horizontalpodautoscalers': 'Name Reference Targets MinPods MaxPods Replicas Age',
  'policy/v1/poddisruptionbudgets': 'Name Min_Available Max_Unavailable Allowed_Disruptions:integer Age',
  'networking.k8s.io/v1/ingressclasses': 'Name Controller Parameters Age',
  'networking.k8s.io/v1/ingresses': 'Name Class Hosts Address Ports Age',
  'networking.k8s.io/v1/ipaddresses': 'Name ParentRef',
  'networking.k8s.io/v1/networkpolicies': 'Name Pod-Selector Age',
  'networking.k8s.io/v1/servicecidrs': 'Name CIDRs Age',
  'discovery.k8s.io/v1/endpointslices': 'Name AddressType Ports Endpoints Age',
  'coordination.k8s.io/v1/leases': 'Name Holder Age',
  'rbac.authorization.k8s.io/v1/clusterrolebindings': 'Name Role Age | Users Groups ServiceAccounts',
  'rbac.authorization.k8s.io/v1/clusterroles': 'Name Created_At:date',
  'rbac.authorization.k8s.io/v1/rolebindings': 'Name Role Age | Users Groups ServiceAccounts',
  'rbac.authorization.k8s.io/v1/roles': 'Name Created_At:date',
  'storage.k8s.io/v1/csidrivers':
    'Name AttachRequired:boolean PodInfoOnMount:boolean StorageCapacity:boolean TokenRequests RequiresRepublish:boolean Modes Age',
  'storage.k8s.io/v1/csinodes': 'Name Drivers:integer Age',
  'storage.k8s.io/v1/csistoragecapacities': 'Name StorageClassName Capacity',
  'storage.k8s.io/v1/storageclasses':
    'Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age',
  'storage.k8s.io/v1/volumeattachments': 'Name Attacher PV Node Attached:boolean Age',
  'storage.k8s.io/v1/volumeattributesclasses': 'Name DriverName Age',
  'scheduling.k8s.io/v1/priorityclasses': 'Name Value:integer Global-Default:boolean Age PreemptionPolicy',
  'node.k8s.io/v1/runtimeclasses': 'Name Handler Age',
  'certificates.k8s.io/v1/certificatesigningrequests':
    'Name Age SignerName Requestor RequestedDuration Condition',
  'events.k8s.io/v1/events': 'Last_Seen Type Reason Object Message | Subobject Source First_Seen Count Name',
  'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': 'Name Webhooks:integer Age',
  'admissionregistration.k8s.io/v1/validatingadmissionpolicies': 'Name Validations:integer ParamKind Age',
  'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings': 'Name PolicyName ParamRef Age',
  'apiregistration.k8s.io/v1/apiservices': 'Name Service Available Age',
  'apiextensions.k8s.io/v1/customresourcedefinitions': 'Name Created_At:date',
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations': 'Name Webhooks:integer Age',
  'flowcontrol.apiserver.k8s.io/v1/flowschemas':
    'Name PriorityLevel MatchingPrecedence DistinguisherMethod Age MissingPL',
  'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations':
    'Name Type NominalConcurrencyShares Queues HandSize QueueLengthLimit Age',
  'resource.k8s.io/v1/deviceclasses': 'Name Age',
  'resource.k8s.io/v1/resourceclaimtemplates': 'Name Age',
  'resource.k8s.io/v1/resourceclaims': 'Name State Age',
  'resource.k8s.io/v1/resourceslices': 'Name Node Driver Pool Age',
}

const word = ({ name, type }: Column): string =>
  `${name.replaceAll(' ', '_')}${type === 'string' ? '' : `:${type}`}`

for (const { group, version, plural, columns, verbs } of builtinKinds) {
  if (verbs && !verbs.includes('list')) continue
  const id = `${group ? `${group}/` : ''}${version}/${plural}`
  test(`columns are upstream's - ${id}`, t => {
    const headings = (isWide: boolean): string =>
      columns
        .filter(({ priority = 0 }) => priority > 0 === isWide)
        .map(word)
        .join(' ')
    const wide = headings(true)
    t.is(headings(false) + (wide && ` | ${wide}`), HEADINGS[id] ?? 'unknown')
  })
}
