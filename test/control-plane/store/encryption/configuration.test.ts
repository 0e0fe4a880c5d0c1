import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { stringify } from 'yaml'
import { readEncryptionConfig } from '../../../../control-plane/store/encryption/configuration.ts'
import { openEncryption } from '../../../helpers/encryption.ts'

const dir = mkdtempSync(join(tmpdir(), 'skiff-encryption-'))
test.after.always(() => rmSync(dir, { recursive: true }))

const SECRET = Buffer.alloc(32, 7).toString('base64')
const KEYS = { keys: [{ name: 'key1', secret: SECRET }] }
const KMS = { apiVersion: 'v2', name: 'vault', endpoint: 'unix:///run/kms.sock' }
let files = 0

function write(resources: unknown, more: object = {}): string {
  const file = join(dir, `${files++}.yaml`)
  const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration' }
  writeFileSync(file, stringify({ ...head, resources, ...more }))
  return file
}

const read = (resources: unknown, more: object = {}) => readEncryptionConfig(write(resources, more))

test('a type is encrypted by its name, then by its group, then as everything', async t => {
  const encryption = await openEncryption(
    write([
      { resources: ['secrets', 'widgets.example.com'], providers: [{ aesgcm: KEYS }, { identity: {} }] },
      { resources: ['*.apps'], providers: [{ identity: {} }] },
      { resources: ['*.'], providers: [{ aescbc: KEYS }] },
      { resources: ['*.*'], providers: [{ secretbox: KEYS }] },
    ]),
  )
  const prefixes = (type: string) => encryption.transformersOf(type).map(({ prefix }) => prefix)
  t.deepEqual(prefixes('secrets'), ['k8s:enc:aesgcm:v1:key1:', ''])
  t.deepEqual(prefixes('widgets.example.com'), ['k8s:enc:aesgcm:v1:key1:', ''])
  t.deepEqual(prefixes('deployments.apps'), [''])
  t.deepEqual(prefixes('configmaps'), ['k8s:enc:aescbc:v1:key1:'])
  t.deepEqual(prefixes('jobs.batch'), ['k8s:enc:secretbox:v1:key1:'])
})

test('what no entry names is not encrypted, what several name has the providers of all', async t => {
  const encryption = await openEncryption(
    write([
      { resources: ['secrets'], providers: [{ aesgcm: KEYS }] },
      { resources: ['secrets', 'configmaps'], providers: [{ identity: {} }] },
    ]),
  )
  const prefixes = (type: string) => encryption.transformersOf(type).map(({ prefix }) => prefix)
  t.deepEqual(prefixes('secrets'), ['k8s:enc:aesgcm:v1:key1:', ''])
  t.deepEqual(prefixes('pods'), [''])
})

test('each key of a provider reads, the first writes', async t => {
  const keys = [
    { name: 'new', secret: SECRET },
    { name: 'old', secret: SECRET },
  ]
  const encryption = await openEncryption(write([{ resources: ['*.*'], providers: [{ aesgcm: { keys } }] }]))
  const prefixes = encryption.transformersOf('pods').map(({ prefix }) => prefix)
  t.deepEqual(prefixes, ['k8s:enc:aesgcm:v1:new:', 'k8s:enc:aesgcm:v1:old:'])
})

test('a KMS waits 3 s for an answer unless told otherwise', async t => {
  const { rules } = await read([{ resources: ['secrets'], providers: [{ kms: KMS }] }])
  t.deepEqual(rules[0]!.providers, [
    { type: 'kms', name: 'vault', endpoint: 'unix:///run/kms.sock', timeout: 3_000 },
  ])
})

const provider = (value: unknown) => [{ resources: ['secrets'], providers: [value] }]
const key = (value: unknown) => provider({ aesgcm: { keys: [value] } })
const resources = (...names: string[]) => [{ resources: names, providers: [{ identity: {} }] }]
const kms = (fields: object) => provider({ kms: { ...KMS, ...fields } })
const P = 'resources[0].providers'
const R = 'resources[0].resources'

/** What upstream says to the same file. */
const wrong: [title: string, resources: unknown, message: string][] = [
  ['no resources', [], 'resources: Required value: at least one resources is required'],
  ['no provider', [{ resources: ['secrets'] }], `${P}: Required value: at least one ${P} is required`],
  [
    'no name of a resource',
    [{ resources: [], providers: [{ identity: {} }] }],
    `${R}: Required value: at least one ${R} is required`,
  ],
  ['an unknown provider', provider({ rot13: {} }), `strict decoding error: unknown field "${P}[0].rot13"`],
  [
    'an empty provider',
    provider({}),
    `${P}[0]: Invalid value: {}: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity`,
  ],
  [
    'two providers in one element',
    provider({ aesgcm: KEYS, identity: {} }),
    `${P}[0]: Invalid value: aesgcm, identity: more than one provider specified in a single element, should split into different list elements`,
  ],
  ['no keys', provider({ aescbc: {} }), `${P}[0].aescbc.keys: Required value: at least one keys is required`],
  [
    'a short key',
    key({ name: 'a', secret: 'c2hvcnQ=' }),
    `${P}[0].aesgcm.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 5, expected one of [16 24 32]`,
  ],
  [
    'a secretbox key of 16 bytes',
    provider({ secretbox: { keys: [{ name: 'a', secret: Buffer.alloc(16).toString('base64') }] } }),
    `${P}[0].secretbox.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 16, expected one of [32]`,
  ],
  [
    'a key that is not base64',
    key({ name: 'a', secret: '***' }),
    `${P}[0].aesgcm.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded`,
  ],
  [
    'a key without a name and one without a secret',
    provider({ aesgcm: { keys: [{ secret: SECRET }, { name: 'b' }] } }),
    `[${P}[0].aesgcm.keys[0].name: Required value: name is a mandatory field for a key, ${P}[0].aesgcm.keys[1].secret: Required value: secret is a mandatory field for a key]`,
  ],
  [
    'a name that could not be told from the value',
    key({ name: 'a:b', secret: SECRET }),
    `${P}[0].aesgcm.keys[0].name: Invalid value: "a:b": must not contain : " \\ or spaces`,
  ],
  [
    'capital letters',
    resources('Secrets'),
    `${R}[0]: Invalid value: "Secrets": resource name should not contain capital letters`,
  ],
  [
    'a resource twice',
    resources('secrets', 'secrets'),
    `${R}: Invalid value: ["secrets","secrets"]: the same resource cannot be specified multiple times`,
  ],
  [
    'a masked resource',
    resources('secrets', '*.'),
    `${R}: Invalid value: ["secrets","*."]: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked`,
  ],
  [
    'a resource masked by an earlier entry',
    [...resources('*.apps'), ...resources('deployments.apps')],
    'resource "deployments.apps" is masked by earlier rule "*.apps"',
  ],
  [
    'a bare star',
    resources('*'),
    `${R}[0]: Invalid value: "*": use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources`,
  ],
  [
    'a resource of every group',
    resources('secrets.*'),
    `${R}[0]: Invalid value: "secrets.*": encrypting the same resource across groups is not supported`,
  ],
  [
    'Events by the group they are not stored under',
    resources('events.events.k8s.io'),
    `${R}[0]: Invalid value: "events.events.k8s.io": '*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file`,
  ],
  [
    'a KMS of version 1',
    kms({ apiVersion: undefined }),
    'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.',
  ],
  [
    'a KMS without a name and endpoint',
    provider({ kms: { apiVersion: 'v2' } }),
    `[${P}[0].kms.name: Required value: name is a mandatory field for a provider, ${P}[0].kms.endpoint: Invalid value: "": endpoint is a mandatory field for a kms]`,
  ],
  [
    'a KMS over TCP',
    kms({ endpoint: 'tcp://127.0.0.1:1' }),
    `${P}[0].kms.endpoint: Invalid value: "tcp://127.0.0.1:1": unsupported scheme "tcp" for KMS provider, only unix is supported`,
  ],
  [
    'a KMS that may take no time',
    kms({ timeout: '0s' }),
    `${P}[0].kms.timeout: Invalid value: "0s": timeout should be a positive value`,
  ],
  [
    'a KMS with a colon in its name',
    kms({ name: 'a:b' }),
    `${P}[0].kms.name: Invalid value: "a:b": invalid KMS provider name a:b, must not contain ':'`,
  ],
  [
    'a KMS of version 2 with a cache size',
    kms({ cachesize: 5 }),
    `${P}[0].kms.cachesize: Invalid value: 5: cachesize is not supported in v2`,
  ],
  [
    'two KMS of one name',
    [{ resources: ['secrets'], providers: [{ kms: KMS }, { kms: KMS }] }],
    `${P}[1].kms.name: Invalid value: "vault": duplicate KMS provider name vault, names must be unique`,
  ],
  [
    'a number for a name',
    key({ name: 5, secret: SECRET }),
    `${P}[0].aesgcm.keys[0].name: expected a string, got number`,
  ],
]
for (const [title, resources, message] of wrong) {
  test(`a configuration is refused that has ${title}`, async t => {
    const file = write(resources)
    const error = await t.throwsAsync(readEncryptionConfig(file), { code: 'ENCRYPTION_CONFIG_INVALID' })
    t.is(error!.message.slice(file.length + 2), message)
    t.false(error!.message.includes(SECRET))
  })
}

test('a configuration of another kind, or no file, is refused', async t => {
  await t.throwsAsync(read([], { kind: 'Pod' }), {
    message: /got unexpected config type: .*kind "Pod", expected .*"EncryptionConfiguration"/,
  })
  await t.throwsAsync(read([], { apiVersion: 'v1' }), { message: /apiVersion "v1", kind/ })
  await t.throwsAsync(readEncryptionConfig('/not/there'), { message: /ENOENT/ })
  const empty = join(dir, 'empty.yaml')
  writeFileSync(empty, '')
  await t.throwsAsync(readEncryptionConfig(empty), { message: /is empty$/ })
})
