/** Models that belong to another package than the kind through which they are reached first. */

/** Definitions of apimachinery's meta/v1. */
export const META_MODELS: ReadonlySet<string> = new Set(
  'APIGroup APIGroupList APIResource APIResourceList APIVersions Condition DeleteOptions FieldSelectorRequirement'
    .concat(' GroupVersionForDiscovery LabelSelector LabelSelectorRequirement ListMeta ManagedFieldsEntry')
    .concat(
      ' ObjectMeta OwnerReference Preconditions ServerAddressByClientCIDR Status StatusCause StatusDetails',
    )
    .concat(' WatchEvent')
    .split(' ')
    .map(name => `V1${name}`),
)

/** Core types that no core kind uses. */
export const CORE_MODELS: ReadonlySet<string> = new Set([
  'V1TopologySelectorTerm',
  'V1TopologySelectorLabelRequirement',
])

/** Definitions beside those of the kinds: bodies of subresources and requests. */
export const EXTRA_ROOTS: readonly string[] = [
  'io.k8s.api.core.v1.Binding',
  'io.k8s.api.policy.v1.Eviction',
  'io.k8s.api.autoscaling.v1.Scale',
  'io.k8s.api.authentication.v1.TokenRequest',
  'io.k8s.apimachinery.pkg.version.Info',
  ...[...META_MODELS].map(model => `io.k8s.apimachinery.pkg.apis.meta.v1.${model.slice(2)}`),
]
