import test from 'ava'
import fc from 'fast-check'
import { collectionPath, objectPath } from '../../../api/client/paths.ts'
import { builtinKinds } from '../../../api/kinds/builtin.ts'
import { groupVersionPath, type KindDeclaration, resourceName } from '../../../api/kinds/kind.ts'
import { loadSchemas } from '../../../api/schema/schemas.ts'
import { startTestApiServer } from '../../helpers/api-server.ts'
import { mutated, valuesOf } from '../../helpers/schema-values.ts'
import { SEED } from '../../helpers/seed.ts'
import { soundObjects } from '../../helpers/sound-objects.ts'

const api = await startTestApiServer()
test.after.always(() => api.stop())

const { definitions } = loadSchemas()
const RUNS = 6
/** No answer may take longer, in milliseconds. */
const PATIENCE = 120_000
/** What changes how requests for other kinds go is only tried. */
const TRIED = new Set([
  'admissionregistration.k8s.io',
  'apiregistration.k8s.io',
  'flowcontrol.apiserver.k8s.io',
])
const PATCHES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}
const FORMS = Object.keys(PATCHES) as (keyof typeof PATCHES)[]
const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test', 'none'] as const
const PATHS = [
  '',
  '/',
  '/metadata',
  '/spec',
  '/status/-',
  '/metadata/labels/~1',
  '/a/b',
  '/spec/0',
  '/kind',
  '/__proto__/a',
]

/**
 * The server has no fault, or none but those upstream has too: it gives no reason for some, and what apply cannot read is said
 * to be its own.
 */
const isExpected = (status: number, { message, reason }: { message: string; reason?: string }): boolean =>
  status < 500 || !reason || message.startsWith('failed to create typed patch object')

/** Asks, and holds the answer to what all answers have in common. */
async function ask(method: string, path: string, body: unknown, type = 'application/json'): Promise<number> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${method} ${path} is not answered`)), PATIENCE)
  try {
    const asked = api.raw(path, { method, body: JSON.stringify(body), headers: { 'content-type': type } })
    const { status, text, body: answer } = await Promise.race([asked, late.promise])
    const isSound =
      status < 400 || (answer?.kind === 'Status' && answer.message && isExpected(status, answer))
    if (!isSound) throw new Error(`${method} ${path} ${type}: ${status} ${text}\nfor ${JSON.stringify(body)}`)
    return status
  } finally {
    clearTimeout(timer)
  }
}

const operation = fc.record(
  {
    op: fc.constantFrom(...OPERATIONS),
    path: fc.constantFrom(...PATHS),
    from: fc.constantFrom(...PATHS),
    value: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: ['op', 'path'] },
)
const operations = () => fc.array(operation, { maxLength: 3 })

interface Subject {
  kind: KindDeclaration<any>
  namespace: string
  sound: any
  query: string
}

/** A sound object of a kind, in a namespace where no other kind's are. */
async function prepare(
  kind: KindDeclaration<any>,
  namespace = kind.namespaced ? resourceName(kind).replaceAll('.', '-') : '',
): Promise<Subject> {
  const resource = resourceName(kind)
  const { metadata, ...rest } = soundObjects[resource]! as { metadata?: { name: string } }
  const group = groupVersionPath(kind).replace(/^\/apis?\//, '')
  if (namespace) {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }
    await ask('POST', '/api/v1/namespaces', { kind: 'Namespace', metadata: { name: namespace } })
    await ask('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, account)
  }
  const sound = { apiVersion: group, kind: kind.kind, metadata: { name: 'sound', ...metadata }, ...rest }
  return { kind, namespace, sound, query: TRIED.has(kind.group) ? '?dryRun=All' : '' }
}

/** Creates, replaces and patches objects that have something odd in them. */
async function disturb({ kind, namespace, sound, query }: Subject, draw: fc.GeneratorValue): Promise<void> {
  const collection = collectionPath(kind, namespace) + query
  const odd = () => mutated(draw, sound, kind.schema)
  const named = odd()
  if (named.metadata?.name && draw(fc.boolean)) named.metadata.name = `odd-${draw(fc.nat, 1e6)}`
  await ask('POST', collection, named)
  if (kind.stored === false) return
  const { status, scale, other = {} } = kind.subresources ?? {}
  const changed = Object.keys(other).filter(name => other[name]!.verbs.includes('update') && name !== 'proxy')
  const parts = ['', ...(status ? ['status'] : []), ...(scale ? ['scale'] : []), ...changed]
  for (const part of parts) {
    const path = objectPath(kind, { name: sound.metadata.name, namespace }, part) + query
    const body = odd()
    const type = definitions[kind.schema]!.fields.status
    if (part === 'status' && type) body.status = draw(valuesOf, type, 3)
    await ask('PUT', path, body)
    const patch = FORMS[draw(fc.nat, FORMS.length - 1)]!
    const sign = query ? '&' : '?'
    await ask(
      'PATCH',
      patch === 'apply' ? `${path}${sign}fieldManager=f&force=true` : path,
      odd(),
      PATCHES[patch],
    )
    await ask('PATCH', path, draw(operations), 'application/json-patch+json')
  }
}

/** Sound bodies of what Pods and service accounts are asked for in a kind of its own. */
const ASKED: [part: string, schema: string, body: object][] = [
  [
    'pods/sound/binding',
    'io.k8s.api.core.v1.Binding',
    { metadata: { name: 'sound' }, target: { kind: 'Node', name: 'a' } },
  ],
  ['pods/sound/eviction', 'io.k8s.api.policy.v1.Eviction', { deleteOptions: { gracePeriodSeconds: 1 } }],
  [
    'serviceaccounts/default/token',
    'io.k8s.api.authentication.v1.TokenRequest',
    { spec: { audiences: ['a'], expirationSeconds: 600 } },
  ],
]

for (const [part, schema, body] of ASKED) {
  test(`whatever is asked of ${part}, the server answers`, async t => {
    const namespace = part.split('/').at(-1)!
    const pods = builtinKinds.find(({ plural }) => plural === 'pods')! as KindDeclaration<any>
    const { sound } = await prepare(pods, namespace)
    await ask('POST', collectionPath(pods, namespace), sound)
    const { failed, seed, errorInstance } = await fc.check(
      fc.asyncProperty(fc.gen(), async draw => {
        const object = { metadata: {}, ...mutated(draw, { metadata: {}, ...body }, schema) }
        await ask('POST', `/api/v1/namespaces/${namespace}/${part}?dryRun=All`, object)
      }),
      { ...SEED, numRuns: RUNS * 3, endOnFailure: true },
    )
    t.is(failed && `seed ${seed}: ${(errorInstance as Error)?.message}`, false)
    t.is((await api.raw(`/api/v1/namespaces/${namespace}/${part}`, { body })).status, 201)
  })
}

const creatable = builtinKinds.filter(kind => !kind.verbs || kind.verbs.includes('create'))

for (const kind of creatable.filter(kind => resourceName(kind) !== 'bindings')) {
  const resource = `${kind.plural}.${kind.version}.${kind.group}`
  test(`whatever is asked of ${resource}, the server answers`, async t => {
    const subject = await prepare(kind as KindDeclaration<any>)
    const { sound, namespace } = subject
    const path = collectionPath(kind, namespace)
    // Both versions of one kind share what is stored.
    sound.metadata.name = sound.metadata.name === 'sound' ? `sound-${kind.version}` : sound.metadata.name
    const { status, text } = await api.raw(path, { body: sound })
    t.is(status, 201, text)
    const { failed, seed, errorInstance } = await fc.check(
      fc.asyncProperty(fc.gen(), draw => disturb(subject, draw)),
      { ...SEED, numRuns: RUNS, endOnFailure: true },
    )
    t.is(failed && `seed ${seed}: ${(errorInstance as Error)?.message}`, false)
    if (kind.stored === false) return
    const answer = await api.raw(path)
    t.is(answer.status, 200, answer.text)
  })
}

for (const carried of ['5', '[null]', '[{"type":5}]', '{"a":1}', 'no json', '"x"']) {
  test(`an autoscaler of v1 that carries ${carried} for metrics is read`, async t => {
    const kind = builtinKinds.find(one => one.kind === 'HorizontalPodAutoscaler' && one.version === 'v1')!
    const names = ['metrics', 'current-metrics', 'conditions', 'behavior']
    const annotations = Object.fromEntries(
      names.map(name => [`autoscaling.alpha.kubernetes.io/${name}`, carried]),
    )
    const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' }, maxReplicas: 3 }
    const body = { metadata: { generateName: 'carrier-', annotations }, spec }
    const { status, text } = await api.raw(collectionPath(kind as KindDeclaration<any>, 'default'), { body })
    t.is(status, 201, text)
  })
}
