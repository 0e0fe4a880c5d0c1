import type { Container, EphemeralContainer, PodSpec, Volume } from 'kubernetes-types/core/v1.js'

type AnyContainer = Container | EphemeralContainer

const defined = (names: (string | undefined)[]): string[] =>
  names.filter((name): name is string => Boolean(name))

const volumesOf = ({ volumes = [] }: PodSpec): Volume[] => volumes
const sourcesOf = (spec: PodSpec) => volumesOf(spec).flatMap(({ projected }) => projected?.sources ?? [])
const containersOf = (spec: PodSpec): AnyContainer[] => [
  ...(spec.containers ?? []),
  ...(spec.initContainers ?? []),
  ...(spec.ephemeralContainers ?? []),
]

function environmentOf(
  spec: PodSpec,
  from: 'secretRef' | 'configMapRef',
  key: 'secretKeyRef' | 'configMapKeyRef',
): (string | undefined)[] {
  return containersOf(spec).flatMap(({ env = [], envFrom = [] }) => [
    ...envFrom.map(source => source[from]?.name),
    ...env.map(({ valueFrom }) => valueFrom?.[key]?.name),
  ])
}

const secretsOf = (spec: PodSpec): string[] =>
  defined([
    ...volumesOf(spec).flatMap(({ secret, csi }) => [secret?.secretName, csi?.nodePublishSecretRef?.name]),
    ...sourcesOf(spec).map(({ secret }) => secret?.name),
    ...(spec.imagePullSecrets ?? []).map(({ name }) => name),
    ...environmentOf(spec, 'secretRef', 'secretKeyRef'),
  ])

const configMapsOf = (spec: PodSpec): string[] =>
  defined([
    ...volumesOf(spec).map(({ configMap }) => configMap?.name),
    ...sourcesOf(spec).map(({ configMap }) => configMap?.name),
    ...environmentOf(spec, 'configMapRef', 'configMapKeyRef'),
  ])

/** A claim made from a volume's own template is named after Pod and volume. */
const claimsOf = (spec: PodSpec, pod: string): string[] =>
  defined(
    volumesOf(spec).map(({ name, persistentVolumeClaim, ephemeral }) =>
      ephemeral ? `${pod}-${name}` : persistentVolumeClaim?.claimName,
    ),
  )

const READERS: Record<string, (spec: PodSpec, pod: string) => string[]> = {
  secrets: secretsOf,
  configmaps: configMapsOf,
  persistentvolumeclaims: claimsOf,
}

/** Names of the objects of a resource (`secrets`, `configmaps`, `persistentvolumeclaims`) that a Pod refers to. */
export function references(pod: { metadata: { name: string }; spec: PodSpec }, resource: string): string[] {
  return READERS[resource]?.(pod.spec, pod.metadata.name) ?? []
}
