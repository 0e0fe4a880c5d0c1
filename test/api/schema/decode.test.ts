import test from 'ava'
import fc from 'fast-check'
import { findDuplicates } from '../../../api/schema/duplicates.ts'
import { type FieldValidation, validateFields } from '../../../api/schema/field-validation.ts'
import { loadSchemas } from '../../../api/schema/schemas.ts'
import { SEED } from '../../helpers/seed.ts'

fc.configureGlobal(SEED)

const schemas = loadSchemas()
const POD = { kind: 'Pod', version: 'v1', schema: 'io.k8s.api.core.v1.Pod' }
const DEPLOYMENT = { kind: 'Deployment', version: 'v1', schema: 'io.k8s.api.apps.v1.Deployment' }

const check = (
  kind: typeof POD,
  text: string,
  mode: FieldValidation = 'Strict',
): { object: any; warnings: string[] } => {
  const object = JSON.parse(text)
  return { object, warnings: validateFields(schemas, kind, object, mode, text) }
}

const CRD = {
  kind: 'CustomResourceDefinition',
  version: 'v1',
  schema: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
}
const withRoot = (openAPIV3Schema: object): object => ({
  spec: { versions: [{ schema: { openAPIV3Schema } }] },
})
const NOT_A_CRD = 'CustomResourceDefinition in version "v1" cannot be handled as a CustomResourceDefinition: '
const OF_SCHEMAS = 'Go struct field JSONSchemaProps.spec.versions.schema.openAPIV3Schema'

const faults: [string, typeof POD, object | string, string][] = [
  [
    'something wrong inside of what reads itself',
    CRD,
    withRoot({ properties: { a: { items: { properties: { b: { nullable: 'x' } } } } } }),
    `${NOT_A_CRD}json: cannot unmarshal string into ${OF_SCHEMAS}.properties.items of type bool`,
  ],
  [
    'neither a truth value nor a schema',
    CRD,
    withRoot({ additionalProperties: [] }),
    `${NOT_A_CRD}boolean or JSON schema expected`,
  ],
  [
    'a string for a number',
    DEPLOYMENT,
    { spec: { replicas: 'a' } },
    'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    'a number that does not fit',
    DEPLOYMENT,
    { spec: { replicas: 1.5 } },
    'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    'a number deep in lists',
    DEPLOYMENT,
    { spec: { template: { spec: { containers: [{ name: 'a' }, { name: 1 }] } } } },
    'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.name of type string',
  ],
  [
    'an object for a list',
    POD,
    { spec: { containers: {} } },
    'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
  ],
  [
    'a list for an object',
    POD,
    { metadata: [] },
    'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal array into Go struct field Pod.metadata of type v1.ObjectMeta',
  ],
  [
    'a number in a map of strings',
    POD,
    { metadata: { labels: { a: 1 } } },
    'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
  ],
  [
    'a number for an enumerated type',
    POD,
    { spec: { restartPolicy: true } },
    'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal bool into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy',
  ],
  [
    'a bad quantity',
    POD,
    { spec: { containers: [{ resources: { limits: { cpu: 'lots' } } }] } },
    'Pod in version "v1" cannot be handled as a Pod: quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'',
  ],
  [
    'a bad time',
    POD,
    { metadata: { creationTimestamp: 'yesterday' } },
    'Pod in version "v1" cannot be handled as a Pod: parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
  ],
  [
    'unknown fields',
    POD,
    { spec: { nodename: 'x', containers: [{ name: 'a' }, { name: 'b', img: 'x' }] } },
    'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.nodename", unknown field "spec.containers[1].img"',
  ],
  [
    'duplicate fields',
    POD,
    '{"spec":{"nodeName":"a","containers":[{"name":"a","name":"b"}],"nodeName":"b"}}',
    'Pod in version "v1" cannot be handled as a Pod: strict decoding error: duplicate field "spec.containers[0].name", duplicate field "spec.nodeName"',
  ],
  [
    'unknown and duplicate fields, in the order in which they come',
    DEPLOYMENT,
    '{"spec":{"odd":"foo","replicas":2,"replicas":3,"odder":1,"paused":true,"paused":false}}',
    'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.odd", duplicate field "spec.replicas", unknown field "spec.odder", duplicate field "spec.paused"',
  ],
  [
    'an unknown field, whatever it holds and however often it comes',
    POD,
    '{"spec":{"odd":[{"a":1,"a":2}],"odd":{"b":1,"b":2},"nodeName":"a","nodeName":"b"}}',
    'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.odd", duplicate field "spec.nodeName"',
  ],
]

for (const [title, kind, body, message] of faults)
  test(`a body is refused for ${title}`, t => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const error = t.throws(() => check(kind, text), { message })
    t.is((error as { code?: unknown }).code, 400)
  })

test('of a custom resource, what is given twice is told first: it is read without its schema', t => {
  const [group, version, name] = ['decode.example.com', 'v1', 'com.example.decode.v1.Thing']
  const properties = { a: { type: 'string' } }
  const names = { kind: 'Thing', listKind: 'ThingList', plural: 'things' }
  schemas.custom.set(name, { group, version, ...names, schema: { type: 'object', properties }, stamp: '1' })
  const text = '{"odd":{"b":1,"b":2},"a":"x","a":"y"}'
  t.deepEqual(check({ kind: 'Thing', version, schema: name }, text, 'Warn').warnings, [
    'duplicate field "odd.b"',
    'duplicate field "a"',
    'unknown field "odd"',
  ])
})

test('a Secret with bad base64 is refused', t => {
  const kind = { kind: 'Secret', version: 'v1', schema: 'io.k8s.api.core.v1.Secret' }
  const message = 'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 2'
  t.throws(() => check(kind, '{"data":{"a":"YW*="}}'), { message })
  t.deepEqual(check(kind, '{"data":{"a":"YWJj","b":""}}').object.data, { a: 'YWJj', b: '' })
})

test('Warn drops unknown fields and says so, Ignore drops them', t => {
  const body = '{"spec":{"foo":1,"nodeName":"n"}}'
  const warned = check(POD, body, 'Warn')
  t.deepEqual(warned, { object: { spec: { nodeName: 'n' } }, warnings: ['unknown field "spec.foo"'] })
  t.deepEqual(check(POD, body, 'Ignore'), { object: { spec: { nodeName: 'n' } }, warnings: [] })
})

test('values are brought to canonical form', t => {
  const given = {
    metadata: { creationTimestamp: null, labels: { a: null }, annotations: {}, finalizers: [] },
    spec: {
      containers: [{ name: 'a', resources: { limits: { cpu: 0.5, memory: '1024Mi' } }, securityContext: {} }],
      volumes: [{ name: 'v', emptyDir: {} }],
      nodeSelector: {},
    },
    status: { startTime: '2020-01-01T01:00:00.5+01:00' },
  }
  t.deepEqual(check(POD, JSON.stringify(given)).object, {
    metadata: { labels: { a: '' } },
    spec: {
      containers: [{ name: 'a', resources: { limits: { cpu: '500m', memory: '1Gi' } }, securityContext: {} }],
      volumes: [{ name: 'v', emptyDir: {} }],
    },
    status: { startTime: '2020-01-01T00:00:00Z' },
  })
})

test('a Lease keeps its microseconds', t => {
  const kind = { kind: 'Lease', version: 'v1', schema: 'io.k8s.api.coordination.v1.Lease' }
  const { object } = check(kind, '{"spec":{"renewTime":"2020-01-01T00:00:00.123456Z"}}')
  t.is(object.spec.renewTime, '2020-01-01T00:00:00.123456Z')
})

test('free-form content stays as it is', t => {
  const kind = { kind: 'ControllerRevision', version: 'v1', schema: 'io.k8s.api.apps.v1.ControllerRevision' }
  const data = { spec: { anything: [1, null, {}] } }
  t.deepEqual(check(kind, JSON.stringify({ data, revision: 1 })).object.data, data)
})

test('reading an object again changes nothing', t => {
  const pod = {
    metadata: { name: 'x', labels: { a: 'b' } },
    spec: { containers: [{ name: 'a', image: 'b' }] },
  }
  const once = check(POD, JSON.stringify(pod)).object
  t.deepEqual(check(POD, JSON.stringify(once)).object, pod)
})

test('a text without a field twice has no duplicates, whatever it holds', t => {
  fc.assert(
    fc.property(fc.json(), text => {
      const value = JSON.parse(text)
      return findDuplicates(JSON.stringify(value), value).length === 0
    }),
  )
  t.pass()
})

const key = fc.string({ maxLength: 6 })

test('a field given twice is found by its path', t => {
  fc.assert(
    fc.property(key, key, fc.jsonValue({ maxDepth: 2 }), (outer, inner, value) => {
      const [o, i, v] = [outer, inner, value].map(part => JSON.stringify(part))
      const text = `{${o}: [0, {${i} : ${v}, ${i}:1}]}`
      const path = `${outer}[1].${inner}`
      return findDuplicates(text, JSON.parse(text)).includes(`duplicate field ${JSON.stringify(path)}`)
    }),
  )
  t.pass()
})

// Templates often render what is not set as an empty string: upstream's types make no difference.
test('zero values that say no more than nothing are left out, those that mean something are kept', t => {
  const { object } = check(
    POD,
    JSON.stringify({
      metadata: { name: 'a', namespace: '', generation: 0 },
      spec: {
        hostNetwork: false,
        priority: 0,
        restartPolicy: '',
        terminationGracePeriodSeconds: 0,
        enableServiceLinks: false,
        containers: [
          {
            name: 'c',
            imagePullPolicy: '',
            env: [{ name: 'X', value: '' }],
            ports: [{ containerPort: 80, hostPort: 0, protocol: '' }],
            readinessProbe: { httpGet: { path: '', port: 0 }, periodSeconds: 0 },
          },
        ],
      },
    }),
  )
  t.deepEqual(object, {
    metadata: { name: 'a' },
    spec: {
      priority: 0,
      terminationGracePeriodSeconds: 0,
      enableServiceLinks: false,
      containers: [
        {
          name: 'c',
          env: [{ name: 'X' }],
          ports: [{ containerPort: 80 }],
          readinessProbe: { httpGet: { port: 0 } },
        },
      ],
    },
  })
})

test('what Go writes although it was left out is there, times of metadata are not', t => {
  const { object } = check(
    POD,
    JSON.stringify({
      metadata: { name: 'a', creationTimestamp: null },
      spec: {},
      status: {
        conditions: [{ type: 'Ready', lastProbeTime: null }],
        containerStatuses: [{ state: { running: {} } }],
      },
    }),
  )
  t.deepEqual(object.metadata, { name: 'a' })
  t.deepEqual(object.status, {
    conditions: [{ type: 'Ready', lastProbeTime: null, lastTransitionTime: null }],
    containerStatuses: [{ state: { running: { startedAt: null } }, lastState: {} }],
  })
})

for (const [what, text, found] of [
  ['is found where there is space before a colon', '{"a" :1,"a":2}', ['duplicate field "a"']],
  ['is not what looks like one inside of a string', '{"a":"\\":","b":"a\\":1"}', []],
  ['is found beside what looks like one', '{"a":"\\":","a" : 1}', ['duplicate field "a"']],
] as const) {
  test(`a field given twice ${what}`, t => {
    t.deepEqual(findDuplicates(text, JSON.parse(text)), [...found])
  })
}
