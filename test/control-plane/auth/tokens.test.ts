import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { secrets } from '../../../api/kinds/core.ts'
import { ISSUER } from '../../../control-plane/auth/authenticators.ts'
import { createBootstrapTokens } from '../../../control-plane/auth/bootstrap-tokens.ts'
import { readTokenFile, TokenFileError } from '../../../control-plane/auth/token-file.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'

const SECRET = '0123456789abcdef'

const bootstrapSecret = (id: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
  type: 'bootstrap.kubernetes.io/token',
  data: Object.fromEntries(
    Object.entries({
      'token-id': id,
      'token-secret': SECRET,
      'usage-bootstrap-authentication': 'true',
      ...data,
    }).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  ),
})

const informers = createFakeInformers()
informers.set(
  secrets,
  bootstrapSecret('abcdef', { 'auth-extra-groups': 'system:bootstrappers:worker,system:masters' }) as never,
  bootstrapSecret('expire', { expiration: '2020-01-01T00:00:00Z' }) as never,
  bootstrapSecret('broken', { expiration: 'some day' }) as never,
  bootstrapSecret('unused', { 'usage-bootstrap-authentication': 'false' }) as never,
)
const bootstrap = createBootstrapTokens(() => informers)

test('a bootstrap token is a user of system:bootstrappers, with extra groups of that family only', async t => {
  const identity = await bootstrap.authenticate(`abcdef.${SECRET}`, [ISSUER])
  t.deepEqual(identity?.user, {
    name: 'system:bootstrap:abcdef',
    groups: ['system:bootstrappers', 'system:bootstrappers:worker'],
  })
})

test('a bootstrap token for other audiences, past its date, switched off or wrong is nobody’s', async t => {
  t.is(await bootstrap.authenticate(`abcdef.${SECRET}`, ['vault']), undefined)
  t.is(await bootstrap.authenticate(`expire.${SECRET}`, [ISSUER]), undefined)
  t.is(await bootstrap.authenticate(`broken.${SECRET}`, [ISSUER]), undefined)
  t.is(await bootstrap.authenticate(`unused.${SECRET}`, [ISSUER]), undefined)
  t.is(await bootstrap.authenticate('abcdef.fedcba9876543210', [ISSUER]), undefined)
  t.is(await bootstrap.authenticate('nonsense', [ISSUER]), undefined)
})

async function fileOf(t: ExecutionContext, content: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-tokens-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const path = join(dir, 'tokens.csv')
  await writeFile(path, content)
  return path
}

test('a token file gives users with uid and groups', async t => {
  const path = await fileOf(t, 'secret1,jane,1,"dev,ops"\n\nsecret2,joe,2\n')
  const tokens = await readTokenFile(path)
  t.deepEqual((await tokens.authenticate('secret1', [ISSUER]))?.user, {
    name: 'jane',
    uid: '1',
    groups: ['dev', 'ops'],
  })
  t.deepEqual((await tokens.authenticate('secret2', [ISSUER]))?.user, { name: 'joe', uid: '2', groups: [] })
  t.is(await tokens.authenticate('secret3', [ISSUER]), undefined)
})

test('a token file with a bad line is refused by file and line', async t => {
  const path = await fileOf(t, 'a,b,c\nx,y\n')
  const error = await t.throwsAsync(readTokenFile(path), { instanceOf: TokenFileError })
  t.is(error?.message, `${path}:2: must have at least 3 columns (token, user name, user uid)`)
})
