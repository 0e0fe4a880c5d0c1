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
  ['no schema', d => delete d.spec.versions[0].schema, 'spec.versions[0].schema.openAPIV3Schema: Required'],
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
    'no storage version, with the versions as they are inside',
    d => (d.spec.versions[0].storage = false),
    'status.storedVersions: Invalid: must have at least one stored version',
  ],
  [
    'a version with a bad name, which is also the first',
    d => (d.spec.versions[0].name = 'V1'),
    "spec.version: Invalid: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
  ],
  [
    'an empty short name',
    d => (d.spec.names.shortNames = ['']),
    "spec.names.shortNames[0]: Invalid: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
  ],
  [
    'a selectable field without a dot in front',
    d => (d.spec.versions[0].selectableFields = [{ jsonPath: 'spec.a' }]),
    'spec.selectableFields[0].jsonPath: Invalid: is an invalid path: expected [ or . but got: spec',
  ],
  [
    'a selectable field that ends in a dot',
    d => (d.spec.versions[0].selectableFields = [{ jsonPath: '.spec.' }]),
    'spec.selectableFields[0].jsonPath: Invalid: is an invalid path: unexpected end of JSON path',
  ],
  [
    'a webhook at a path without a slash',
    d =>
      (d.spec.conversion = {
        strategy: 'Webhook',
        webhook: {
          conversionReviewVersions: ['v1'],
          clientConfig: { service: { name: 'a', namespace: 'b', path: 'x' } },
        },
      }),
    'spec.conversion.webhookClientConfig.service.path: Invalid: segment[0] may not be empty',
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
    `${A}.type: NotSupported: supported values: "array", "boolean", "integer", "number", "object", "string"`,
    `${A}.type: Forbidden: type cannot be set to null, use nullable as an alternative`,
  ],
  [
    '$schema',
    { type: 'object', $schema: 'x' },
    `${ROOT}: Invalid: OpenAPIV3Schema 'schema' is not supported`,
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
    'a type inside of logic',
    { type: 'string', anyOf: [{ type: 'string' }] },
    `${A}.anyOf[0].type: Forbidden: must be empty to be structural`,
  ],
  [
    'words inside of logic',
    {
      type: 'array',
      items: { type: 'string' },
      not: { default: 1, nullable: true, 'x-kubernetes-list-type': 'set', items: { title: 'x' } },
    },
    `${A}.not.default: Forbidden: must be undefined to be structural`,
    `${A}.not.items.title: Forbidden: must be empty to be structural`,
    `${A}.not.nullable: Forbidden: must be false to be structural`,
    `${A}.not.x-kubernetes-list-type: Forbidden: must be undefined to be structural`,
    `${A}.not.type: Required: must be array if x-kubernetes-list-type is specified`,
  ],
  [
    'rules inside of logic',
    { type: 'string', allOf: [{ 'x-kubernetes-validations': [{ rule: 'true' }] }] },
    `${A}.allOf[0].x-kubernetes-validations: Forbidden: must be empty to be structural`,
  ],
  [
    'an integer or a text that is an object',
    { 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true },
    `${A}.x-kubernetes-preserve-unknown-fields: Invalid: must be false if x-kubernetes-int-or-string is true`,
  ],
  [
    'another type of list',
    { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'bag' },
    `${A}.x-kubernetes-list-type: NotSupported: supported values: "atomic", "set", "map"`,
  ],
  [
    'a set of what can be merged',
    { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'set' },
    `${A}.items.x-kubernetes-map-type: Invalid: must be atomic as item of a list with x-kubernetes-list-type=set`,
  ],
  [
    'a map of what may not be there',
    {
      type: 'array',
      items: { type: 'object', nullable: true, required: ['k'], properties: { k: { type: 'object' } } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k', 'l', 'k'],
    },
    `${A}.items.properties[k].type: Invalid: must be a scalar type if parent array's x-kubernetes-list-type is map`,
    `${A}.x-kubernetes-list-map-keys: Invalid: entries must all be names of item properties`,
    `${A}.items.properties[k].type: Invalid: must be a scalar type if parent array's x-kubernetes-list-type is map`,
    `${A}.x-kubernetes-list-map-keys: Invalid: must not contain duplicate entries`,
    `${A}.items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map`,
  ],
  [
    'a pattern',
    { type: 'string', pattern: '(' },
    `${A}.pattern: Invalid: must be a valid regular expression, but isn't: error parsing regexp: missing closing ): \`(\``,
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
    `${A}.default: TypeInvalid:  in body must be of type integer: "string"`,
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

const roots: [title: string, root: JsonSchemaProps, ...faults: string[]][] = [
  [
    'what is only inside of logic',
    { type: 'object', allOf: [{ properties: { b: { minimum: 1 } } }] },
    `${ROOT}.properties[b]: Required: because it is defined in ${ROOT}.allOf[0].properties[b]`,
  ],
  [
    'other members',
    { type: 'object', additionalProperties: { type: 'string' } },
    `${ROOT}.additionalProperties: Forbidden: must not be used at the root`,
  ],
  [
    'another type',
    { type: 'array', items: { type: 'string' } },
    `${ROOT}.type: Invalid: must be object at the root`,
  ],
  [
    'nothing',
    { type: 'object', nullable: true },
    `${ROOT}.nullable: Forbidden: nullable cannot be true at the root`,
  ],
  [
    'more of the metadata than names',
    {
      type: 'object',
      properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } },
    },
    `${ROOT}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
  ],
  [
    'a default of its kind',
    { type: 'object', properties: { kind: { type: 'string', default: 'A' } } },
    `${ROOT}.properties[kind].default: Forbidden: must not be set in top-level kind`,
  ],
]

for (const [title, schema, ...expected] of roots) {
  test(`the root of a schema is refused in upstream’s words: ${title}`, t => {
    const given = good()
    given.spec.versions[0]!.schema = { openAPIV3Schema: schema }
    t.deepEqual(faults(given), expected)
  })
}

test('beside a status subresource the root says nothing of the whole that status would lose', t => {
  const given = good()
  given.spec.versions[0]!.schema = { openAPIV3Schema: { type: 'object', not: { required: ['status'] } } }
  given.spec.versions[0]!.subresources = { status: {} }
  t.deepEqual(faults(given), [
    `${ROOT}: Invalid: only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled`,
  ])
})

const ruled = (more: object): JsonSchemaProps => ({
  type: 'array',
  items: { type: 'string' },
  'x-kubernetes-validations': [{ rule: 'self.all(a, self.all(b, a == b))' }],
  ...more,
})

/** What is wrong with an update of a definition that is established. */
async function updateFaults(
  before: JsonSchemaProps,
  after: JsonSchemaProps,
  isSame = false,
): Promise<string[]> {
  const [old, changed] = [withSchema(before), withSchema(after)]
  // Something else in the schema is another one, so that all of it is looked at.
  if (!isSame) changed.spec.versions[0]!.schema!.openAPIV3Schema!.description = 'New.'
  for (const each of [old, changed]) {
    strategy.defaults!(each)
    each.status = { storedVersions: ['v1'], conditions: [{ type: 'Established', status: 'True' }] }
  }
  await strategy.load!(changed)
  const context = { user: { name: '', groups: [] }, subresource: '', now: new Date() }
  return strategy.validate!(changed, old, context).map(({ field, detail }) => `${field}: ${detail}`)
}

test('an update keeps what an older server let through, but nothing new of the kind', async t => {
  const set: JsonSchemaProps = { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'set' }
  t.deepEqual(await updateFaults(set, set), [])
  t.is((await updateFaults({ type: 'string' }, set)).length, 1)
  const unknown: JsonSchemaProps = { type: 'object', properties: {}, default: { a: 1 } }
  t.deepEqual(await updateFaults(unknown, unknown), [])
  t.is((await updateFaults({ type: 'string' }, unknown)).length, 1)
})

test('a schema that is not changed is not looked at, however expensive or wrong its rules have become', async t => {
  t.deepEqual(await updateFaults(ruled({}), ruled({}), true), [])
  const wrong = ruled({ 'x-kubernetes-validations': [{ rule: 'nothing()' }] })
  t.deepEqual(await updateFaults(wrong, wrong, true), [])
  t.is((await updateFaults(wrong, wrong)).length, 1)
  const [field] = await updateFaults(ruled({ maxItems: 1_500 }), ruled({ maxItems: 1_500 }))
  t.is(
    field,
    `${A}.x-kubernetes-validations[0].rule: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
  )
})

test('the status of a definition is written whatever its spec has', t => {
  const old = withSchema({ type: 'nothing' })
  strategy.defaults!(old)
  const context = { user: { name: '', groups: [] }, subresource: 'status', now: new Date() }
  const status = { acceptedNames: { plural: 'Things', kind: 'Thing' }, storedVersions: [] }
  t.deepEqual(
    strategy.validate!({ ...old, status } as never, old, context).map(({ field }) => field),
    ['status.acceptedNames.plural'],
  )
})

test('a default must keep the rules of its schema', async t => {
  const schema: JsonSchemaProps = {
    type: 'object',
    default: { n: 0 },
    properties: { n: { type: 'integer' } },
    'x-kubernetes-validations': [{ rule: 'self.n > 0', message: 'must be positive' }],
  }
  t.deepEqual(await updateFaults({ type: 'string' }, schema), [`${A}.default: must be positive`])
  t.deepEqual(await updateFaults({ type: 'string' }, { ...schema, default: { n: 1 } }), [])
})

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
    [
      'status.storedVersions[0]: missing from spec.versions; v1alpha1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1alpha1 and removes v1alpha1 from status.storedVersions',
    ],
  )
})

test('versions are shown in messages as they are inside: what all of them say is not theirs', t => {
  const given = definition('example.com', [version('v1')])
  given.spec.versions[0]!.storage = false
  const context = { user: { name: '', groups: [] }, subresource: '', now: new Date() }
  const error = strategy.validate!(given, undefined, context).find(({ field }) => field === 'spec.versions')
  t.deepEqual(error!.badValue, [
    {
      Name: 'v1',
      Served: true,
      Storage: false,
      Deprecated: false,
      DeprecationWarning: null,
      Schema: null,
      Subresources: null,
      AdditionalPrinterColumns: null,
      SelectableFields: null,
    },
  ])
})

test('columns may have any path: whether it leads anywhere is seen when they are shown', t => {
  const given = good()
  given.spec.versions[0]!.additionalPrinterColumns = [{ name: 'A', type: 'string', jsonPath: '.spec[' }]
  t.deepEqual(faults(given), [])
})
