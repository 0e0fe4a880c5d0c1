import test from 'ava'
import type { JsonSchemaProps } from '../../../api/kinds/apiextensions.ts'
import { customResourceDefinitionStrategy as strategy } from '../../../control-plane/registry/crd/strategy.ts'
import { definition, version } from '../../helpers/custom-resources.ts'

/** What is wrong with a definition, as `field: type: detail`. */
function faults(given: any): string[] {
  const object = structuredClone(given)
  strategy.defaults!(object)
  const context = { user: { name: '', groups: [] }, subresource: '', now: new Date() }
  strategy.prepareForCreate!(object, context)
  return strategy.validate!(object, undefined, context).map(
    ({ field, type, detail }) => `${field}: ${type.replace('FieldValue', '')}${detail ? `: ${detail}` : ''}`,
  )
}

const good = () => definition('example.com', [version('v1')])
const withSchema = (schema: JsonSchemaProps) => definition('example.com', [version('v1', { a: schema })])
const ROOT = 'spec.validation.openAPIV3Schema'
const A = `${ROOT}.properties[spec].properties[a]`

test('a good definition has no faults', t => {
  t.deepEqual(faults(good()), [])
})

const definitions: [title: string, change: (given: any) => void, fault: string][] = [
  [
    'its name',
    d => (d.metadata.name = 'x'),
    'metadata.name: Invalid: must be spec.names.plural+"."+spec.group',
  ],
  ['no scope', d => delete d.spec.scope, 'spec.scope: Required'],
  [
    'another scope',
    d => (d.spec.scope = 'World'),
    'spec.scope: NotSupported: supported values: "Cluster", "Namespaced"',
  ],
  [
    'preserveUnknownFields',
    d => (d.spec.preserveUnknownFields = true),
    'spec.preserveUnknownFields: Invalid: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
  ],
  [
    'no storage version',
    d => (d.spec.versions[0].storage = false),
    'spec.versions: Invalid: must have exactly one version marked as storage version',
  ],
  [
    'a version twice',
    d => d.spec.versions.push({ ...d.spec.versions[0], storage: false }),
    'spec.versions: Invalid: must contain unique version names',
  ],
  [
    'no schema',
    d => delete d.spec.versions[0].schema,
    'spec.versions[0].schema.openAPIV3Schema: Required: schemas are required',
  ],
  [
    'one kind for both',
    d => (d.spec.names.listKind = 'Thing'),
    'spec.names.listKind: Invalid: kind and listKind may not be the same',
  ],
  [
    'a scale path elsewhere',
    d =>
      (d.spec.versions[0].subresources = {
        scale: { specReplicasPath: '.replicas', statusReplicasPath: '.status.x' },
      }),
    'spec.subresources.scale.specReplicasPath: Invalid: should be a json path under .spec',
  ],
  [
    'a column’s type',
    d => (d.spec.versions[0].additionalPrinterColumns = [{ name: 'A', type: 'x', jsonPath: '.a' }]),
    'spec.additionalPrinterColumns[0].type: Invalid: must be one of boolean,date,integer,number,string',
  ],
  [
    'a webhook without client',
    d => (d.spec.conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'] } }),
    'spec.conversion.webhookClientConfig: Required: required when strategy is set to Webhook',
  ],
]

for (const [title, change, fault] of definitions) {
  test(`a definition is refused in upstream’s words: ${title}`, t => {
    const given = good()
    change(given)
    t.true(faults(given).includes(fault), faults(given).join('\n'))
  })
}

test('groups of the Kubernetes community need an approval', t => {
  const given = definition('things.k8s.io', [version('v1')])
  t.deepEqual(faults(given), [
    'metadata.annotations[api-approved.kubernetes.io]: Required: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
  ])
  given.metadata.annotations = {
    'api-approved.kubernetes.io': 'https://github.com/kubernetes/kubernetes/pull/1',
  }
  t.deepEqual(faults(given), [])
})

const schemas: [title: string, schema: JsonSchemaProps, ...faults: string[]][] = [
  ['no type', {}, `${A}.type: Required: must not be empty for specified object fields`],
  [
    'items without type',
    { type: 'array', items: {} },
    `${A}.items.type: Required: must not be empty for specified array items`,
  ],
  ['a list without items', { type: 'array' }, `${A}.items: Required: must be specified`],
  [
    'a type that is none',
    { type: 'text' },
    `${A}.type: NotSupported: supported values: "array", "boolean", "integer", "number", "object", "string"`,
  ],
  [
    'null as type',
    { type: 'null' },
    `${A}.type: Forbidden: type cannot be set to null, use nullable as an alternative`,
  ],
  ['$ref', { type: 'object', $ref: 'x' }, `${A}.$ref: Forbidden: $ref is not supported`],
  [
    'uniqueItems',
    { type: 'array', items: { type: 'string' }, uniqueItems: true },
    `${A}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
  ],
  [
    'properties and other properties',
    { type: 'object', properties: { b: { type: 'string' } }, additionalProperties: { type: 'string' } },
    `${A}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
  ],
  [
    'no other properties',
    { type: 'object', additionalProperties: false },
    `${A}.additionalProperties: Forbidden: additionalProperties cannot be set to false`,
  ],
  [
    'a type inside of logic',
    { type: 'string', anyOf: [{ type: 'string' }] },
    `${A}.anyOf[0].type: Forbidden: must be empty to be structural`,
  ],
  [
    'what is only inside of logic',
    { type: 'object', allOf: [{ properties: { b: { minimum: 1 } } }] },
    `${A}.properties[b]: Required: because it is defined in ${A}.allOf[0].properties[b]`,
  ],
  [
    'a pattern',
    { type: 'string', pattern: '(' },
    `${A}.pattern: Invalid: must be a valid regular expression, but isn't: Invalid regular expression: /(/: Unterminated group`,
  ],
  [
    'a map without keys',
    { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' },
    `${A}.x-kubernetes-list-map-keys: Required: must not be empty if x-kubernetes-list-type is map`,
  ],
  [
    'a key that may be missing',
    {
      type: 'array',
      items: { type: 'object', properties: { k: { type: 'string' } } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
    },
    `${A}.items.properties[k].default: Required: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
  ],
  [
    'a default of another type',
    { type: 'integer', default: 'x' },
    `${A}.default: TypeInvalid: default in body must be of type integer: "string"`,
  ],
  [
    'an embedded resource without fields',
    { type: 'object', 'x-kubernetes-embedded-resource': true },
    `${A}.properties: Required: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields`,
  ],
]

for (const [title, schema, ...expected] of schemas) {
  test(`a schema is refused in upstream’s words: ${title}`, t => {
    t.deepEqual(faults(withSchema(schema)), expected)
  })
}

test('schemas that differ by version are named by version', t => {
  const given = definition('example.com', [
    version('v1', { a: {} }),
    version('v2', { b: {} }, { storage: false }),
  ])
  t.deepEqual(
    faults(given).map(fault => fault.split(':')[0]),
    [0, 1].map(
      i => `spec.versions[${i}].schema.openAPIV3Schema.properties[spec].properties[${'ab'[i]}].type`,
    ),
  )
})

test('what int-or-string fields say of their types is let through', t => {
  const anyOf = [{ type: 'integer' }, { type: 'string' }]
  t.deepEqual(faults(withSchema({ 'x-kubernetes-int-or-string': true, anyOf })), [])
})

test('scope, kind, group and plural stay once a definition is established', t => {
  const old = good()
  strategy.defaults!(old)
  old.status = { storedVersions: ['v1'], conditions: [{ type: 'Established', status: 'True' }] }
  const changed = structuredClone(old)
  changed.spec.scope = 'Cluster'
  changed.spec.names.kind = 'Other'
  const context = { user: { name: '', groups: [] }, subresource: '', now: new Date() }
  t.deepEqual(
    strategy.validate!(changed, old, context).map(({ field, detail }) => `${field}: ${detail}`),
    ['spec.scope: field is immutable', 'spec.names.kind: field is immutable'],
  )
})

test('a stored version cannot be taken out', t => {
  const old = good()
  strategy.defaults!(old)
  old.status = { storedVersions: ['v1alpha1', 'v1'] }
  const context = { user: { name: '', groups: [] }, subresource: '', now: new Date() }
  t.deepEqual(
    strategy.validate!(old, old, context).map(({ field, detail }) => `${field}: ${detail}`),
    ['status.storedVersions[0]: must appear in spec.versions'],
  )
})
