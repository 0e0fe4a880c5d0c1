/**
 * Types of the built-in kinds as a server returns them: metadata and spec are there, times are strings.
 * The shapes come from the `kubernetes-types` package (types only, nothing at run time).
 */
import type * as apps from 'kubernetes-types/apps/v1.js'
import type * as authentication from 'kubernetes-types/authentication/v1.js'
import type * as batch from 'kubernetes-types/batch/v1.js'
import type * as certificates from 'kubernetes-types/certificates/v1.js'
import type * as coordination from 'kubernetes-types/coordination/v1.js'
import type * as core from 'kubernetes-types/core/v1.js'
import type * as discovery from 'kubernetes-types/discovery/v1.js'
import type * as networking from 'kubernetes-types/networking/v1.js'
import type * as policy from 'kubernetes-types/policy/v1.js'
import type * as rbac from 'kubernetes-types/rbac/v1.js'
import type * as scheduling from 'kubernetes-types/scheduling/v1.js'
import type { ObjectMeta } from '../meta/object.ts'

type Wire = { metadata?: unknown; spec?: unknown; status?: unknown; apiVersion?: unknown; kind?: unknown }

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** An object as the server returns it: type and metadata always present, spec present where the kind has one. */
export type Served<T extends Wire> = Mutable<Omit<T, 'apiVersion' | 'kind' | 'metadata' | 'spec'>> & {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
} & (T extends { spec?: infer S } ? (unknown extends S ? unknown : { spec: NonNullable<S> }) : unknown)

/** With what is newer than the types: the generation of the Pod that the kubelet has told of. */
export type PodStatus = core.PodStatus & { observedGeneration?: number }
export type Pod = Served<core.Pod & { status?: PodStatus }>
export type Node = Served<core.Node>
export type Service = Served<core.Service>
export type Endpoints = Served<core.Endpoints>
export type Namespace = Served<core.Namespace>
export type ConfigMap = Served<core.ConfigMap>
export type Secret = Served<core.Secret>
export type ServiceAccount = Served<core.ServiceAccount>
export type Event = Served<core.Event>
export type ReplicationController = Served<core.ReplicationController>
export type PersistentVolume = Served<core.PersistentVolume>
export type PersistentVolumeClaim = Served<core.PersistentVolumeClaim>
export type LimitRange = Served<core.LimitRange>
export type Deployment = Served<apps.Deployment>
export type ReplicaSet = Served<apps.ReplicaSet>
export type DaemonSet = Served<apps.DaemonSet>
export type StatefulSet = Served<apps.StatefulSet>
export type ControllerRevision = Served<apps.ControllerRevision>
export type Job = Served<batch.Job>
export type CronJob = Served<batch.CronJob>
export type EndpointSlice = Served<discovery.EndpointSlice>
export type Lease = Served<coordination.Lease>
export type TokenRequest = Served<authentication.TokenRequest>
export type CertificateSigningRequest = Served<certificates.CertificateSigningRequest>
export type PriorityClass = Served<scheduling.PriorityClass>
export type Ingress = Served<networking.Ingress>
export type NetworkPolicy = Served<networking.NetworkPolicy>
export type PodDisruptionBudget = Served<policy.PodDisruptionBudget>
export type Role = Served<rbac.Role>
export type ClusterRole = Served<rbac.ClusterRole>
export type RoleBinding = Served<rbac.RoleBinding>
export type ClusterRoleBinding = Served<rbac.ClusterRoleBinding>

export type { DeploymentSpec } from 'kubernetes-types/apps/v1.js'
export type {
  Container,
  ContainerPort,
  ContainerState,
  ContainerStatus,
  EndpointSubset,
  EnvVar,
  PodCondition,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ResourceRequirements,
  ServicePort,
  ServiceSpec,
  Taint,
  Toleration,
  Volume,
  VolumeMount,
} from 'kubernetes-types/core/v1.js'
export type { Endpoint, EndpointPort } from 'kubernetes-types/discovery/v1.js'
export type { LabelSelector } from 'kubernetes-types/meta/v1.js'
export type { PolicyRule, RoleRef, Subject } from 'kubernetes-types/rbac/v1.js'
