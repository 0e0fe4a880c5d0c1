import test from 'ava'
import protobuf from 'protobufjs'
import { builtinKinds } from '../../../../api/kinds/builtin.ts'
import { apiVersion } from '../../../../api/kinds/kind.ts'
import { isReference, splitType } from '../../../../api/schema/definition.ts'
import { loadSchemas } from '../../../../api/schema/schemas.ts'
import { decodeProtobuf } from '../../../../control-plane/apiserver/protobuf/decode.ts'
import { Encoder } from '../../../../control-plane/apiserver/protobuf/encode.ts'

const schemas = loadSchemas()
const encoder = new Encoder(schemas)

const SAMPLES: Record<string, unknown> = {
  string: 'ünïcode text',
  boolean: true,
  int32: -7,
  int64: 9_007_199_254_740_991,
  double: 0.25,
  bytes: Buffer.from([0, 255, 128]).toString('base64'),
  quantity: '1500m',
  time: '2026-08-20T10:11:12Z',
  microTime: '2026-08-20T10:11:12.000013Z',
  intOrString: '25%',
  json: ['any', { value: null }],
  any: { 'f:spec': { nested: [1, 'two', null] } },
}
/** Schemas contain themselves: below this depth objects stay empty. */
const DEEPEST = 7

/** An object with a value in every field of its type. */
function fill(type: string, depth = 0): any {
  const object: Record<string, unknown> = {}
  if (depth > DEEPEST) return object
  const { fields } = schemas.definitions[type]!
  for (const [name, fieldType] of Object.entries(fields)) {
    // The type of an object stands in the envelope alone.
    if ('metadata' in fields && (name === 'apiVersion' || name === 'kind')) continue
    const { container, inner } = splitType(fieldType)
    const value = sample(inner, depth)
    if (container === '[]') object[name] = [value, value]
    else if (container === '{}') object[name] = { 'a.key/one': value, two: value }
    else object[name] = value
  }
  return object
}

function sample(type: string, depth: number): unknown {
  if (type.startsWith('[]')) return [sample(type.slice(2), depth)]
  if (type.startsWith('?')) return sample(type.slice(1), depth)
  return isReference(type) ? fill(type, depth + 1) : SAMPLES[type]
}

for (const kind of builtinKinds) {
  const what = `${apiVersion(kind)} ${kind.kind}`
  test(`every field of an object survives being sent in protobuf - ${what}`, t => {
    const object = { apiVersion: apiVersion(kind), kind: kind.kind, ...fill(kind.schema) }
    const bytes = encoder.object(object)
    t.truthy(bytes, 'its field numbers are known')
    t.deepEqual(decodeProtobuf(schemas, bytes!), object)
  })
}

test('zero, empty and negative values survive', t => {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'zero', annotations: { empty: '' } },
    spec: { replicas: 0, revisionHistoryLimit: -1, selector: {}, template: { spec: { containers: [] } } },
  }
  const { spec, metadata } = decodeProtobuf(schemas, encoder.object(object)!)
  t.is(spec.replicas, 0)
  t.is(spec.revisionHistoryLimit, -1)
  t.deepEqual(metadata.annotations, { empty: '' })
  t.deepEqual(spec.selector, {})
})

test('another implementation of protobuf reads the same', t => {
  const { root } = protobuf.parse(`
    syntax = "proto2";
    message TypeMeta { optional string apiVersion = 1; optional string kind = 2; }
    message Unknown { optional TypeMeta typeMeta = 1; optional bytes raw = 2; }
    message Time { optional int64 seconds = 1; optional int32 nanos = 2; }
    message ObjectMeta { optional string name = 1; optional string namespace = 3; optional string uid = 5;
      optional string resourceVersion = 6; optional Time creationTimestamp = 8; map<string, string> labels = 11; }
    message Quantity { optional string string = 1; }
    message IntOrString { optional int64 type = 1; optional int32 intVal = 2; optional string strVal = 3; }
    message ServicePort { optional string name = 1; optional string protocol = 2; optional int32 port = 3;
      optional IntOrString targetPort = 4; optional int32 nodePort = 5; }
    message ServiceSpec { repeated ServicePort ports = 1; map<string, string> selector = 2;
      optional string clusterIP = 3; optional string type = 4; repeated string clusterIPs = 18; }
    message Service { optional ObjectMeta metadata = 1; optional ServiceSpec spec = 2; }
  `)
  const bytes = encoder.object({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'web',
      namespace: 'default',
      creationTimestamp: '2026-08-20T10:11:12Z',
      labels: { a: 'b' },
    },
    spec: {
      ports: [
        { name: 'http', protocol: 'TCP', port: 80, targetPort: 'http' },
        { name: 'https', protocol: 'TCP', port: 443, targetPort: 8443, nodePort: 30_443 },
      ],
      selector: { app: 'web' },
      clusterIPs: ['10.96.0.9', 'fd00::9'],
    },
  })!
  t.is(bytes.subarray(0, 4).toString('latin1'), 'k8s\0')
  const unknown: any = root.lookupType('Unknown').decode(bytes.subarray(4))
  t.deepEqual({ ...unknown.typeMeta }, { apiVersion: 'v1', kind: 'Service' })
  const type = root.lookupType('Service')
  const read: any = type.toObject(type.decode(unknown.raw), { longs: Number })
  t.deepEqual(read, {
    metadata: {
      name: 'web',
      namespace: 'default',
      creationTimestamp: { seconds: 1_787_220_672 },
      labels: { a: 'b' },
    },
    spec: {
      ports: [
        { name: 'http', protocol: 'TCP', port: 80, targetPort: { type: 1, strVal: 'http' } },
        {
          name: 'https',
          protocol: 'TCP',
          port: 443,
          targetPort: { type: 0, intVal: 8443 },
          nodePort: 30_443,
        },
      ],
      selector: { app: 'web' },
      clusterIPs: ['10.96.0.9', 'fd00::9'],
    },
  })
})
