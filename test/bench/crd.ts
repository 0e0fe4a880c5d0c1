// Time from creating a CustomResourceDefinition until its objects are served, and what checking them costs.
import type { Client } from '../../api/client/client.ts'
import {
  type CustomResourceDefinition,
  customResourceDefinitions,
  type JsonSchemaProps,
} from '../../api/kinds/apiextensions.ts'
import { isConditionTrue } from '../../control-plane/registry/crd/conditions.ts'
import { startTestApiServer, type TestApiServer } from '../helpers/api-server.ts'
import { definition, establish, version } from '../helpers/custom-resources.ts'
import { percentile, printTable } from './table.ts'

const ROUNDS = 20
const OBJECTS = 2_000
const CLIENTS = 16

export default async function crd(): Promise<void> {
  const api = await startTestApiServer()
  try {
    await measureEstablishing(api)
    await measureCreating(api)
  } finally {
    await api.stop()
  }
}

async function measureEstablishing(api: TestApiServer): Promise<void> {
  const established: number[] = []
  const created: number[] = []
  const discovered: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const group = `bench${i}.example.com`
    const start = performance.now()
    const since = () => performance.now() - start
    const condition = nextEstablished(api.client, `things.${group}`).then(() => established.push(since()))
    await api.client.create(customResourceDefinitions, definition(group, [version('v1')]) as never)
    await untilOk(() => api.raw(pathOf(group), { body: thing(group, 'first', {}) }))
    created.push(since())
    await untilOk(() => api.raw(`/openapi/v3/apis/${group}/v1`))
    discovered.push(since())
    await condition
  }
  const row = (what: string, values: number[]) => [
    what,
    ...[50, 99].map(p => `${percentile(values, p).toFixed(1)} ms`),
  ]
  printTable(
    'From creating a definition',
    ['UNTIL', 'P50', 'P99'],
    [
      row('condition Established', established),
      row('an object is created', created),
      row('OpenAPI v3 shows it', discovered),
    ],
  )
}

async function nextEstablished(client: Client, name: string): Promise<void> {
  const options = { fieldSelector: `metadata.name=${name}`, signal: AbortSignal.timeout(10_000) }
  for await (const { object } of client.watch(customResourceDefinitions, options))
    if (isConditionTrue(object as CustomResourceDefinition, 'Established')) return
}

async function untilOk(ask: () => Promise<{ status: number }>): Promise<void> {
  while ((await ask()).status >= 300);
}

const pathOf = (group: string): string => `/apis/${group}/v1/namespaces/default/things`

const thing = (group: string, name: string, spec: object) => ({
  apiVersion: `${group}/v1`,
  kind: 'Thing',
  metadata: { name },
  spec,
})

const PROPERTIES: Record<string, JsonSchemaProps> = {
  image: { type: 'string', maxLength: 200, pattern: '^[a-z0-9./:-]+$' },
  min: { type: 'integer', minimum: 0 },
  max: { type: 'integer', default: 10 },
  labels: { type: 'object', additionalProperties: { type: 'string' }, maxProperties: 20 },
  ports: {
    type: 'array',
    maxItems: 10,
    items: {
      type: 'object',
      required: ['name'],
      properties: { name: { type: 'string' }, port: { type: 'integer' } },
    },
  },
}
const SPEC = {
  image: 'registry.example.com/app:1',
  min: 1,
  labels: { a: 'b', c: 'd' },
  ports: [
    { name: 'http', port: 80 },
    { name: 'https', port: 443 },
  ],
}

/** Creates per second, of objects about as large each. */
async function measureCreating(api: TestApiServer): Promise<void> {
  const plain = version('v1', PROPERTIES)
  const ruled = structuredClone(plain)
  ruled.schema!.openAPIV3Schema!.properties!.spec!['x-kubernetes-validations'] = [
    { rule: 'self.min <= self.max' },
    { rule: 'self.ports.all(p, p.port > 0 && p.port < 65536)' },
  ]
  await establish(api, definition('plain.example.com', [plain]))
  await establish(api, definition('ruled.example.com', [ruled]))
  const configMap = (name: string) => ({ metadata: { name }, data: { spec: JSON.stringify(SPEC) } })
  const kinds: [string, string, (name: string) => object][] = [
    ['ConfigMap', '/api/v1/namespaces/default/configmaps', configMap],
    ['custom, with a schema', pathOf('plain.example.com'), name => thing('plain.example.com', name, SPEC)],
    [
      'custom, with two rules in CEL',
      pathOf('ruled.example.com'),
      name => thing('ruled.example.com', name, SPEC),
    ],
  ]
  const rows: string[][] = []
  let first = 0
  for (const [what, path, body] of kinds) {
    await creates(api, path, body, 'warm', OBJECTS / 4)
    const rate = await creates(api, path, body, 'counted', OBJECTS)
    first ||= rate
    rows.push([what, rate.toFixed(0), (rate / first).toFixed(2)])
  }
  printTable(`Creates, ${CLIENTS} clients`, ['KIND', 'PER SECOND', 'RATIO'], rows)
}

async function creates(
  api: TestApiServer,
  path: string,
  body: (name: string) => object,
  prefix: string,
  count: number,
): Promise<number> {
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`).values()
  const start = performance.now()
  const work = async (): Promise<void> => {
    for (const name of names) {
      const { status, text } = await api.raw(path, { body: body(name) })
      if (status !== 201) throw new Error(text)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, work))
  return count / ((performance.now() - start) / 1000)
}
