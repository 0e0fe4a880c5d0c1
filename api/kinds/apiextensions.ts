import type { Condition, ObjectMeta } from '../meta/object.ts'
import { column, NAME } from './columns/common.ts'
import { groupVersion } from './declare.ts'

/** A validation rule in CEL (`x-kubernetes-validations`). */
export interface ValidationRule {
  rule: string
  message?: string
  messageExpression?: string
  reason?: string
  fieldPath?: string
  optionalOldSelf?: boolean
}

/** A JSON schema as CustomResourceDefinitions have it (apiextensions/v1 JSONSchemaProps). */
export interface JsonSchemaProps {
  $ref?: string
  $schema?: string
  id?: string
  title?: string
  description?: string
  type?: string
  format?: string
  nullable?: boolean
  default?: unknown
  example?: unknown
  enum?: unknown[]
  maximum?: number
  exclusiveMaximum?: boolean
  minimum?: number
  exclusiveMinimum?: boolean
  multipleOf?: number
  maxLength?: number
  minLength?: number
  pattern?: string
  maxItems?: number
  minItems?: number
  uniqueItems?: boolean
  maxProperties?: number
  minProperties?: number
  required?: string[]
  properties?: Record<string, JsonSchemaProps>
  additionalProperties?: JsonSchemaProps | boolean
  items?: JsonSchemaProps
  allOf?: JsonSchemaProps[]
  anyOf?: JsonSchemaProps[]
  oneOf?: JsonSchemaProps[]
  not?: JsonSchemaProps
  additionalItems?: unknown
  definitions?: Record<string, JsonSchemaProps>
  dependencies?: Record<string, unknown>
  patternProperties?: Record<string, JsonSchemaProps>
  externalDocs?: { description?: string; url?: string }
  'x-kubernetes-embedded-resource'?: boolean
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-list-type'?: string
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-map-type'?: string
  'x-kubernetes-validations'?: ValidationRule[]
}

/** A column of `kubectl get` for custom resources. */
export interface CustomColumn {
  name: string
  type: string
  jsonPath: string
  format?: string
  description?: string
  priority?: number
}

/** Subresources of one version. */
export interface CustomSubresources {
  status?: object
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string }
}

/** One version of a custom resource. */
export interface CustomVersion {
  name: string
  served: boolean
  storage: boolean
  deprecated?: boolean
  deprecationWarning?: string
  schema?: { openAPIV3Schema?: JsonSchemaProps }
  subresources?: CustomSubresources
  additionalPrinterColumns?: CustomColumn[]
  selectableFields?: { jsonPath: string }[]
}

/** Names under which a custom resource is served. */
export interface CustomNames {
  plural: string
  singular?: string
  kind: string
  listKind?: string
  shortNames?: string[]
  categories?: string[]
}

/** Where a webhook is called, and by which authority its certificate is checked. */
export interface WebhookClientConfig {
  url?: string
  service?: { namespace: string; name: string; path?: string; port?: number }
  /** PEM in base64. */
  caBundle?: string
}

export interface CustomConversion {
  strategy: string
  webhook?: { clientConfig?: WebhookClientConfig; conversionReviewVersions: string[] }
}

export interface CustomResourceDefinition {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: {
    group: string
    scope: string
    names: CustomNames
    versions: CustomVersion[]
    conversion?: CustomConversion
    preserveUnknownFields?: boolean
  }
  status?: {
    acceptedNames?: CustomNames
    storedVersions?: string[]
    /** Null, as upstream shows it, while nobody has looked at the definition. */
    conditions?: Condition[] | null
  }
}

const v1 = groupVersion('apiextensions.k8s.io', 'v1')

export const customResourceDefinitions = v1<CustomResourceDefinition>({
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  storageVersion: 'v1beta1',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  columns: [NAME, column('Created At', '.metadata.creationTimestamp', 'date')],
  subresources: { status: true },
})
