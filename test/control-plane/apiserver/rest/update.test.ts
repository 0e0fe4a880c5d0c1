import test from 'ava'
import fc from 'fast-check'
import { Registry } from 'prom-client'
import type { Patch } from '../../../../api/client/client.ts'
import { limitRanges } from '../../../../api/kinds/core.ts'
import { resourceName } from '../../../../api/kinds/kind.ts'
import { keptSpec } from '../../../../api/meta/kept-spec.ts'
import type { ApiObject } from '../../../../api/meta/object.ts'
import { isStatusError } from '../../../../api/meta/status.ts'
import { isReference } from '../../../../api/schema/definition.ts'
import { validateFields } from '../../../../api/schema/field-validation.ts'
import { loadSchemas } from '../../../../api/schema/schemas.ts'
import { admissionPlugins } from '../../../../control-plane/admission/builtin.ts'
import { createAdmissionChain } from '../../../../control-plane/admission/chain.ts'
import { createDynamicAdmission } from '../../../../control-plane/admission/dynamic.ts'
import { applyPatch, patchBase } from '../../../../control-plane/apiserver/handlers/patch.ts'
import type { Resource } from '../../../../control-plane/apiserver/kind-registry.ts'
import { createMachinery, type Machinery } from '../../../../control-plane/apiserver/machinery.ts'
import { create } from '../../../../control-plane/apiserver/rest/create.ts'
import { update } from '../../../../control-plane/apiserver/rest/update.ts'
import { strategies } from '../../../../control-plane/registry/strategies.ts'
import memoryStore from '../../../../plugins/examples/memory-store.ts'
import type { StoredDocument, StorePlugin } from '../../../../plugins/store.ts'
import { quietLog } from '../../../helpers/log.ts'
import { objectsOf } from '../../../helpers/schema-values.ts'
import { SEED } from '../../../helpers/seed.ts'
import { soundObjects } from '../../../helpers/sound-objects.ts'

const NAMESPACE = 'default'
const user = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

/** The same document, written as we do not: what is read of it is read as a whole. */
function foreign(document: StoredDocument): StoredDocument {
  const { spec, ...rest } = JSON.parse(document.bytes.toString())
  return { ...document, bytes: Buffer.from(JSON.stringify({ spec, ...rest })) }
}

/** A store that gives documents back in an order of its own. */
function foreignStore(store: StorePlugin): StorePlugin {
  return {
    ...store,
    async get(type, key) {
      const found = await store.get(type, key)
      return found && foreign(found)
    },
    async snapshot(type) {
      const { revision, documents } = await store.snapshot(type)
      return { revision, documents: documents.map(foreign) }
    },
    async put(type, key, expected, document) {
      const result = await store.put(type, key, expected, document)
      if (result.ok) return { ...result, bytes: foreign({ ...result, key }).bytes }
      return { ...result, current: result.current && foreign(result.current) }
    },
    subscribe: (type, after, listener) =>
      store.subscribe(type, after, {
        ...listener,
        changes: batch =>
          listener.changes(
            batch.map(change => (change.type === 'deleted' ? change : { ...change, ...foreign(change) })),
          ),
      }),
  }
}

async function startServer(wrap: (store: StorePlugin) => StorePlugin): Promise<Server> {
  const store = await memoryStore.start({ log: quietLog, config: {} } as never)
  const machinery = createMachinery({
    store: wrap(store as StorePlugin),
    strategies,
    schemas: loadSchemas(),
    log: quietLog,
    admission: made =>
      createAdmissionChain(
        admissionPlugins({
          ...made,
          serviceCIDR: '10.96.0.0/16',
          others: [],
          registry: new Registry(),
          dynamic: createDynamicAdmission({ ...made, registry: new Registry(), log: quietLog }),
        }),
      ),
  })
  const server = new Server(machinery)
  await server.create('namespaces', { metadata: { name: NAMESPACE } })
  await server.create('serviceaccounts', { metadata: { name: 'default' } })
  await server.create('limitranges', {
    metadata: { name: 'limits' },
    spec: { limits: [{ type: 'Container', default: { cpu: '2' } }] },
  })
  await machinery.informers.informer(limitRanges).synced()
  await server.resource('limitranges').cache.current()
  return server
}

/** Writes as a client's requests do. */
class Server {
  readonly machinery: Machinery
  readonly #resources: Map<string, Resource>
  /** Kinds of the objects whose specs are unread after a write. */
  readonly kept: string[] = []

  constructor(machinery: Machinery) {
    this.machinery = machinery
    this.#resources = new Map(machinery.kinds.all().map(resource => [resourceName(resource.kind), resource]))
  }

  resource(name: string): Resource {
    return this.#resources.get(name)!
  }

  #context() {
    const warnings: string[] = []
    return { user, dryRun: false, fieldManager: 'test', warn: (text: string) => warnings.push(text) }
  }

  #namespaceOf = ({ kind }: Resource) => (kind.namespaced ? NAMESPACE : undefined)

  async create(name: string, object: object): Promise<ApiObject> {
    const resource = this.resource(name)
    const { schemas } = this.machinery.core
    const own = structuredClone(object) as ApiObject
    validateFields(schemas, resource.kind, own, 'Ignore')
    const { core } = this.machinery
    const { entry } = await create(core, resource, this.#namespaceOf(resource), own, this.#context(), {
      form: resource,
    })
    return JSON.parse(entry.bytes.toString())
  }

  async write(name: string, target: string, { subresource, ...write }: Write): Promise<unknown> {
    const resource = this.resource(name)
    const { core } = this.machinery
    try {
      const { entry } = await update(
        core,
        resource,
        {
          target: { namespace: this.#namespaceOf(resource), name: target },
          subresource,
          form: resource,
          apply: current => {
            const base = patchBase(current!, { type: 'merge', body: {} })
            const object =
              'change' in write
                ? write.change(JSON.parse(JSON.stringify(base)))
                : applyPatch(
                    core,
                    resource.kind,
                    patchBase(current!, write.patch),
                    structuredClone(write.patch),
                  )
            validateFields(core.schemas, resource.kind, object, 'Ignore')
            return object
          },
        },
        this.#context(),
      )
      if (keptSpec(entry.object)) this.kept.push(name)
      return JSON.parse(entry.bytes.toString())
    } catch (error) {
      if (!isStatusError(error)) throw error
      return { ...error.status, details: undefined }
    }
  }
}

type Write = { subresource: string } & ({ patch: Patch } | { change: (object: ApiObject) => ApiObject })

const { definitions } = loadSchemas()

/** Random values of a part of a kind, most of them of no sense. */
function partOf(schema: string, part: 'spec' | 'status'): fc.Arbitrary<object> {
  const type = definitions[schema]!.fields[part]
  return type && isReference(type) ? objectsOf(type) : fc.constant({})
}

const words = fc.constantFrom('a', 'b/c', 'seccomp.security.alpha.kubernetes.io/pod', '')
const notes = fc.dictionary(words, fc.constantFrom('a', 'runtime/default', null as never), {
  maxKeys: 2,
  noNullPrototype: true,
})
const metadata = fc.record({ labels: notes, annotations: notes }, { requiredKeys: [] })

function writesOf(schema: string): fc.Arbitrary<Write> {
  const part = (requiredKeys: ('metadata' | 'spec' | 'status')[]) =>
    fc.record({ metadata, spec: partOf(schema, 'spec'), status: partOf(schema, 'status') }, { requiredKeys })
  const bodies = fc.oneof(
    { weight: 4, arbitrary: part([]).map(({ spec: _, ...rest }) => rest) },
    { weight: 1, arbitrary: part(['spec']) },
    { weight: 1, arbitrary: fc.constantFrom({ spec: null }, { metadata: null }, {}, { $patch: 'replace' }) },
  )
  const steps = fc.array(
    fc.oneof(
      fc.constantFrom(
        { op: 'remove', path: '/spec' },
        { op: 'test', path: '/spec', value: {} },
        { op: 'copy', from: '/spec', path: '/status' },
        { op: 'add', path: '/metadata/labels', value: { x: 'y' } },
      ),
      part(['status']).map(({ status }) => ({ op: 'add', path: '/status', value: status })),
    ),
    { maxLength: 2 },
  )
  const patches = fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('merge', 'strategic'), body: bodies }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('json'), body: steps }) },
  ) as fc.Arbitrary<Patch>
  const changes = fc
    .record({ part: part([]), how: fc.constantFrom('same', 'turned', 'without') })
    .map(({ part: { spec: _, metadata: given, ...rest }, how }) => (object: ApiObject) => {
      const { spec, ...others } = object
      const turned = spec && Object.fromEntries(Object.entries(spec).reverse())
      const written = { same: { spec }, turned: { spec: turned }, without: {} }[how]
      const annotations = JSON.parse(JSON.stringify({ ...given?.annotations }))
      return structuredClone({
        ...others,
        metadata: { ...object.metadata, annotations },
        ...written,
        ...rest,
      })
    })
  const subresource = fc.constantFrom('', 'status', 'status')
  return fc.oneof(
    { weight: 2, arbitrary: fc.record({ subresource, patch: patches }) },
    { weight: 1, arbitrary: fc.record({ subresource, change: changes }) },
  )
}

const bySubresource = (a: { subresource?: string }, b: { subresource?: string }): number =>
  (a.subresource ?? '') < (b.subresource ?? '') ? -1 : 1

/** What of an answer is no chance. */
function settled(answer: unknown): unknown {
  const own = /^(uid|creationTimestamp|time|clusterIPs?|nodePort)$/
  const chance = /(?<=kube-api-access-)\w{5}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|10\.96(\.\d+){2}/g
  const text = JSON.stringify(answer).replaceAll(chance, '')
  return JSON.parse(text, (key, value) => {
    // The fields of a spec are shown in the order that they were written in.
    // The order of writers is that of their times.
    if (key === 'managedFields') return value.sort(bySubresource)
    if (key === 'message') return value.split(/\s/).sort()
    return own.test(key) ? undefined : value
  })
}

const KINDS = [
  'pods',
  'nodes',
  'services',
  'persistentvolumeclaims',
  'resourcequotas',
  'deployments.apps',
  'jobs.batch',
  'horizontalpodautoscalers.autoscaling',
  'ingresses.networking.k8s.io',
  'networkpolicies.networking.k8s.io',
]

const ours = await startServer(store => store)
const plain = await startServer(foreignStore)
let count = 0

for (const name of KINDS) {
  test(`an update of ${name} comes out as if all of it were read and compared`, async t => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(writesOf(ours.resource(name).kind.schema), { minLength: 3, maxLength: 6 }),
        async writes => {
          const object = { metadata: { name: `o-${count++}` }, ...soundObjects[name] }
          const made = await Promise.all([ours, plain].map(server => server.create(name, object)))
          t.deepEqual(settled(made[0]), settled(made[1]))
          for (const write of writes) {
            const answers = await Promise.all(
              [ours, plain].map(server => server.write(name, object.metadata.name, write)),
            )
            t.deepEqual(settled(answers[0]), settled(answers[1]))
          }
        },
      ),
      { ...SEED, numRuns: 40 },
    )
    const keptBy = ({ kept }: Server): number => kept.filter(kind => kind === name).length
    t.true(keptBy(ours) > 10 * keptBy(plain))
  })
}

test('what changes nothing of what the cache still has is held against what is stored', async t => {
  let held: (() => void)[] | undefined
  const server = await startServer(store => ({
    ...store,
    subscribe: (type, after, listener) =>
      store.subscribe(type, after, {
        ...listener,
        changes: batch => (held ? held.push(() => listener.changes(batch)) : listener.changes(batch)),
      }),
  }))
  await server.create('configmaps', { metadata: { name: 'late' }, data: { a: '1' } })
  await server.resource('configmaps').cache.current()
  held = []
  const set = (a: string): Promise<any> =>
    server.write('configmaps', 'late', { subresource: '', patch: { type: 'merge', body: { data: { a } } } })
  const second = await set('2')
  const third = await set('1')
  t.deepEqual([second.data.a, third.data.a], ['2', '1'])
  t.true(Number(third.metadata.resourceVersion) > Number(second.metadata.resourceVersion))
  const missed = held
  held = undefined
  for (const deliver of missed) deliver()
})
