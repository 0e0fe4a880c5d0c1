import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { stringify } from 'yaml'
import { readEncryptionConfig, ruleFor } from '../../../../control-plane/store/encryption/configuration.ts'

const dir = mkdtempSync(join(tmpdir(), 'skiff-encryption-'))
test.after.always(() => rmSync(dir, { recursive: true }))

const SECRET = Buffer.alloc(32, 7).toString('base64')
const KEYS = { keys: [{ name: 'key1', secret: SECRET }] }
let files = 0

function read(resources: unknown, more: object = {}) {
  const file = join(dir, `${files++}.yaml`)
  const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration' }
  writeFileSync(file, stringify({ ...head, resources, ...more }))
  return readEncryptionConfig(file)
}

test('the first entry that names a type decides, by name, group or everything', async t => {
  const rules = await read([
    { resources: ['secrets', 'widgets.example.com'], providers: [{ aesgcm: KEYS }, { identity: {} }] },
    { resources: ['*.apps'], providers: [{ identity: {} }] },
    { resources: ['*.'], providers: [{ aescbc: KEYS }] },
  ])
  const prefixes = (type: string) => ruleFor(rules, type)?.transformers.map(({ prefix }) => prefix)
  t.deepEqual(prefixes('secrets'), ['k8s:enc:aesgcm:v1:key1:', ''])
  t.deepEqual(prefixes('widgets.example.com'), ['k8s:enc:aesgcm:v1:key1:', ''])
  t.deepEqual(prefixes('deployments.apps'), [''])
  t.deepEqual(prefixes('configmaps'), ['k8s:enc:aescbc:v1:key1:'])
  t.is(prefixes('jobs.batch'), undefined)
})

test('each key of a provider reads, the first writes', async t => {
  const keys = [
    { name: 'new', secret: SECRET },
    { name: 'old', secret: SECRET },
  ]
  const [rule] = await read([{ resources: ['*.*'], providers: [{ aesgcm: { keys } }] }])
  t.deepEqual(
    rule!.transformers.map(({ prefix }) => prefix),
    ['k8s:enc:aesgcm:v1:new:', 'k8s:enc:aesgcm:v1:old:'],
  )
})

const provider = (value: unknown) => [{ resources: ['secrets'], providers: [value] }]
const key = (value: unknown) => provider({ aesgcm: { keys: [value] } })
const wrong: [title: string, resources: unknown, message: RegExp][] = [
  ['no resources', [], /: resources: at least one resource is required/],
  [
    'no provider',
    [{ resources: ['secrets'], providers: [] }],
    /resources\[0\]\.providers: at least one provider/,
  ],
  [
    'an unknown provider',
    provider({ rot13: {} }),
    /providers\[0\]: provider does not contain any of the expected/,
  ],
  [
    'two providers in one element',
    provider({ aesgcm: KEYS, identity: {} }),
    /more than one provider specified/,
  ],
  ['kms', provider({ kms: {} }), /kms is not supported, use aesgcm/],
  [
    'a short key',
    key({ name: 'a', secret: 'c2hvcnQ=' }),
    /secret is not of the expected length, got 5, expected one of \[16 24 32\]/,
  ],
  [
    'a key that is not base64',
    key({ name: 'a', secret: '***' }),
    /keys\[0\]\.secret: secrets must be base64 encoded/,
  ],
  ['a key without a name', key({ secret: SECRET }), /keys\[0\]\.name: undefined: expected a name/],
  [
    'two keys of one name',
    provider({ aesgcm: { keys: [...KEYS.keys, ...KEYS.keys] } }),
    /two keys are named "key1"/,
  ],
  [
    'capital letters',
    [{ resources: ['Secrets'], providers: [{ identity: {} }] }],
    /should not contain capital letters/,
  ],
  [
    'a masked resource',
    [{ resources: ['secrets', '*.'], providers: [{ identity: {} }] }],
    /overlapping resources such as 'secrets' and '\*\.'/,
  ],
  [
    'a bare star',
    [{ resources: ['*'], providers: [{ identity: {} }] }],
    /use '\*\.' to encrypt all the resources/,
  ],
]
for (const [title, resources, message] of wrong) {
  test(`a configuration is refused that has ${title}`, async t => {
    const error = await t.throwsAsync(read(resources), { code: 'ENCRYPTION_CONFIG_INVALID', message })
    t.false(error.message.includes(SECRET))
  })
}

test('a configuration of another kind, or no file, is refused', async t => {
  await t.throwsAsync(read([], { kind: 'Pod' }), {
    message: /kind: "Pod": expected "EncryptionConfiguration"/,
  })
  await t.throwsAsync(read([], { apiVersion: 'v1' }), { message: /apiVersion: "v1": expected "apiserver/ })
  await t.throwsAsync(readEncryptionConfig('/not/there'), { message: /ENOENT/ })
})
