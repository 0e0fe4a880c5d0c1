import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { startTestApiServer } from '../../helpers/api-server.ts'

const api = await startTestApiServer()
const dir = await mkdtemp(join(tmpdir(), 'skiff-rules-'))
test.after.always(async () => {
  await api.stop()
  await rm(dir, { recursive: true, force: true })
})

/** A definition whose objects have a spec of this schema, as YAML. */
const crd = (group: string, spec: string) => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: apps.${group}}
spec:
  group: ${group}
  scope: Namespaced
  names: {plural: apps, kind: App}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: ${spec}
`
const app = (group: string, spec: object) =>
  JSON.stringify({ apiVersion: `${group}/v1`, kind: 'App', metadata: { name: 'a' }, spec })

let files = 0
async function apply(content: string): Promise<{ stdout: string; stderr: string }> {
  const path = join(dir, `${files++}.yaml`)
  await writeFile(path, content)
  try {
    return { stdout: await api.kubectl('1.33', 'apply', '-f', path), stderr: '' }
  } catch (error) {
    return error as { stdout: string; stderr: string }
  }
}

async function establish(group: string, spec: string): Promise<void> {
  const { stderr } = await apply(crd(group, spec))
  if (stderr) throw new Error(stderr)
  await api.kubectl('1.33', 'wait', '--for=condition=Established', `crd/apps.${group}`, '--timeout=180s')
}

test.serial('kubectl shows what is wrong with the rules of a definition', async t => {
  const spec = `{type: object, properties: {min: {type: integer}, names: {type: array, items: {type: string}}}, x-kubernetes-validations: [
    {rule: "self.min > 'a'"}, {rule: "self.none"}, {rule: "self.min"},
    {rule: "self.names.all(a, self.names.all(b, a == b))"}, {rule: "self.min > 0", optionalOldSelf: true}]}`
  const { stderr } = await apply(crd('broken.example.com', spec))
  const place = 'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations'
  for (const text of [
    `${place}[0].rule: Invalid value: {"Rule":"self.min \\u003e 'a'","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:10: found no matching overload for '_>_' applied to '(int, string)'\n | self.min > 'a'\n | .........^`,
    `${place}[1].rule: Invalid value: {"Rule":"self.none","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'none'\n | self.none\n | ....^`,
    'cel expression must evaluate to a bool',
    `${place}[3].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
    `${place}[3].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
    'Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x',
    `${place}[4].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`,
  ])
    t.true(stderr.includes(text), `${text}\n\nis not in\n\n${stderr}`)
})

test.serial('kubectl shows which rules an object breaks', async t => {
  const group = 'rules.example.com'
  await establish(
    group,
    `{type: object, properties: {min: {type: integer}, max: {type: integer}, port: {x-kubernetes-int-or-string: true}}, x-kubernetes-validations: [
      {rule: self.min <= self.max, messageExpression: "'min %d is above max %d'.format([self.min, self.max])", fieldPath: .min, reason: FieldValueForbidden},
      {rule: "type(self.port) == int ? self.port > 0 : self.port.endsWith('%')", message: port must be positive or a share}]}`,
  )
  const { stderr } = await apply(app(group, { min: 3, max: 2, port: 'http' }))
  t.true(stderr.includes('spec.min: Forbidden: min 3 is above max 2'), stderr)
  t.true(stderr.includes('spec: Invalid value: "object": port must be positive or a share'), stderr)
  t.regex((await apply(app(group, { min: 1, max: 2, port: '5%' }))).stdout, /created/)
})

test.serial('how long rules take is counted', async t => {
  const group = 'counted.example.com'
  const counts = async () => {
    const { text } = await api.raw('/metrics')
    return ['compilation', 'evaluation'].map(what =>
      Number(new RegExp(`^apiserver_cel_${what}_duration_seconds_count (\\d+)$`, 'm').exec(text)![1]),
    )
  }
  const before = await counts()
  await establish(
    group,
    "{type: object, properties: {min: {type: integer}}, x-kubernetes-validations: [{rule: 'self.min > 0'}]}",
  )
  t.regex((await apply(app(group, { min: 1 }))).stdout, /created/)
  const after = await counts()
  t.true(after[0]! > before[0]! && after[1]! > before[1]!, String([before, after]))
})

test.serial(
  'a rule compares with what was there before, and one that was broken already only warns',
  async t => {
    const group = 'changes.example.com'
    const spec = (rules: string) =>
      `{type: object, properties: {size: {type: integer}, kind: {type: string, maxLength: 20${rules}}}}`
    await establish(group, spec(''))
    await apply(app(group, { size: 1, kind: 'bad' }))
    const rules = `, x-kubernetes-validations: [{rule: "self != 'bad'", message: must not be bad}, {rule: oldSelf == 'bad' || self == oldSelf, message: is immutable}]`
    await apply(crd(group, spec(rules)))
    const put = async (given: object) => {
      const path = `/apis/${group}/v1/namespaces/default/apps/a`
      const { body: current } = await api.raw(path)
      return await api.raw(path, { method: 'PUT', body: { ...current, spec: given } })
    }
    // The rules are there when a new object is held to them.
    const other = app(group, { kind: 'bad' }).replace('"a"', '"b"')
    while (!/must not be bad/.test((await apply(other)).stderr))
      await api.kubectl('1.33', 'delete', 'apps', 'b')
    const kept = await put({ size: 2, kind: 'bad' })
    t.is(kept.status, 200, kept.text)
    t.true(
      String(kept.headers.warning).includes('spec.kind: Invalid value: \\"string\\": must not be bad'),
      String(kept.headers.warning),
    )
    t.is((await put({ size: 2, kind: 'good' })).status, 200)
    const changed = await put({ size: 2, kind: 'fine' })
    t.is(changed.status, 422)
    t.regex(changed.body.message, /spec.kind: Invalid value: "string": is immutable/)
  },
)
