import type { JsonSchemaProps } from '../../api/kinds/apiextensions.ts'

const STRING: JsonSchemaProps = { type: 'string' }
const INTEGER: JsonSchemaProps = { type: 'integer' }
const TIME: JsonSchemaProps = { type: 'string', format: 'date-time' }
const STRINGS: JsonSchemaProps = { type: 'array', items: STRING }
const WORDS: JsonSchemaProps = { type: 'object', additionalProperties: STRING }

/** A type with fields, by its fields: a schema, a struct, or `any` of which nothing is known. */
export interface StructFields {
  [name: string]: JsonSchemaProps | { struct: StructFields; name: string } | 'any'
}

const kind = {
  name: 'kubernetes.GroupVersionKind',
  struct: { group: STRING, version: STRING, kind: STRING },
}
const resource = {
  name: 'kubernetes.GroupVersionResource',
  struct: { group: STRING, version: STRING, resource: STRING },
}

/** The variable `request` (admission/v1 AdmissionRequest without its objects). */
export const REQUEST: StructFields = {
  kind,
  resource,
  subResource: STRING,
  requestKind: kind,
  requestResource: resource,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: {
    name: 'kubernetes.UserInfo',
    struct: {
      username: STRING,
      uid: STRING,
      groups: STRINGS,
      extra: { type: 'object', additionalProperties: STRINGS },
    },
  },
  dryRun: { type: 'boolean' },
  options: 'any',
}

/** The variable `namespaceObject`: a Namespace without what changes by itself. */
export const NAMESPACE: StructFields = {
  metadata: {
    name: 'kubernetes.NamespaceMetadata',
    struct: {
      name: STRING,
      generateName: STRING,
      namespace: STRING,
      labels: WORDS,
      annotations: WORDS,
      uid: STRING,
      creationTimestamp: TIME,
      deletionTimestamp: TIME,
      deletionGracePeriodSeconds: INTEGER,
      generation: INTEGER,
      resourceVersion: STRING,
      finalizers: STRINGS,
    },
  },
  spec: { name: 'kubernetes.NamespaceSpec', struct: { finalizers: STRINGS } },
  status: { name: 'kubernetes.NamespaceStatus', struct: { phase: STRING } },
}
