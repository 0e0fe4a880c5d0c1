import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { readEncryptionConfig } from '../../control-plane/store/encryption/configuration.ts'
import { identity } from '../../control-plane/store/encryption/transformers.ts'
import { storeTarget } from '../../control-plane/store/store-url.ts'
import { loadPlugin, sourceUrl } from '../../plugins/host/load.ts'
import { openEncryption } from '../helpers/encryption.ts'

const page = readFileSync(new URL('../../docs/store.md', import.meta.url), 'utf8')
const dir = mkdtempSync(join(tmpdir(), 'skiff-docs-'))
test.after.always(() => rmSync(dir, { recursive: true }))

const [encryption = '', kms = '', plugin = ''] = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(
  ([, text]) => text!,
)

test('the URLs of docs/store.md are read, and lead where the page says', t => {
  for (const name of ['redis-ca.crt', 'redis-password']) writeFileSync(join(dir, name), 'x')
  const urls = [...page.matchAll(/\| `((?:redis|unix)[^`]*:\/\/[^`]+)` \|/g)].map(([, url]) => url!)
  const targets = urls.map(url => storeTarget(url.replaceAll('/etc/skiff', dir)))
  t.deepEqual(
    targets.map(({ mode, replicas }) => [mode, replicas]),
    [
      ['single', 0],
      ['single', 0],
      ['single', 0],
      ['sentinel', 1],
      ['cluster', 1],
    ],
  )
})

test('the EncryptionConfiguration of docs/store.md encrypts what it names', async t => {
  const file = join(dir, 'encryption.yaml')
  writeFileSync(file, encryption)
  const opened = await openEncryption(file)
  t.teardown(() => opened.close())
  const prefixes = ['k8s:enc:aesgcm:v1:key2:', 'k8s:enc:aesgcm:v1:key1:', '']
  for (const type of ['secrets', 'widgets.example.com']) {
    t.deepEqual(
      opened.transformersOf(type).map(({ prefix }) => prefix),
      prefixes,
    )
  }
  t.deepEqual(opened.transformersOf('configmaps'), [identity])
})

test('the KMS of docs/store.md is one of version 2 on a unix socket', async t => {
  const file = join(dir, 'kms.yaml')
  writeFileSync(file, kms)
  const [rule] = (await readEncryptionConfig(file)).rules
  t.deepEqual(rule!.providers, [
    { type: 'kms', name: 'vault', endpoint: 'unix:///run/kms/vault.sock', timeout: 3_000 },
    { type: 'identity' },
  ])
})

test('the store plugin of docs/store.md is one', async t => {
  const { name, source } = parse(plugin)
  const examples = join(import.meta.dirname, '../../plugins/examples')
  t.is((await loadPlugin('store', name, sourceUrl(source, examples))).name, 'memory')
})
