import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { ensurePki, issueCertificate } from '../../../control-plane/auth/pki.ts'

let dir: string
const options = { hostnames: ['cp'], addresses: ['10.1.2.3'], serviceAddress: '10.96.0.1' }

test.beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-pki-'))
})

test.afterEach.always(() => rm(dir, { recursive: true, force: true }))

test.serial('the first start makes an authority and identities signed by it', async t => {
  const pki = await ensurePki(dir, options)
  const ca = new X509Certificate(pki.ca.cert)
  const admin = new X509Certificate(pki.clients.admin.cert)
  t.true(admin.verify(ca.publicKey))
  t.is(admin.subject, 'O=system:masters\nCN=kubernetes-admin')
  const serving = new X509Certificate(pki.serving.cert)
  t.truthy(serving.checkHost('kubernetes.default.svc'))
  t.truthy(serving.checkIP('10.96.0.1'))
  t.is((await stat(join(dir, 'ca.key'))).mode & 0o777, 0o600)
})

test.serial('a second start changes nothing', async t => {
  const first = await ensurePki(dir, options)
  t.deepEqual(await ensurePki(dir, options), first)
})

test.serial('another address makes a new serving certificate under the same authority', async t => {
  const first = await ensurePki(dir, options)
  const second = await ensurePki(dir, { ...options, addresses: ['10.9.9.9'] })
  t.is(second.ca.cert, first.ca.cert)
  t.truthy(new X509Certificate(second.serving.cert).checkIP('10.9.9.9'))
})

test.serial('a damaged file is named', async t => {
  await ensurePki(dir, options)
  await writeFile(join(dir, 'ca.crt'), 'rubbish')
  await t.throwsAsync(() => ensurePki(dir, options), {
    code: 'PKI',
    message: /ca\.crt is damaged .* restore it, or remove it/,
  })
})

test.serial('a node certificate carries its user and group', async t => {
  const { ca } = await ensurePki(dir, options)
  const { cert } = await issueCertificate({
    ca,
    commonName: 'system:node:n1',
    organizations: ['system:nodes'],
    usage: 'client',
    days: 1,
  })
  t.is(new X509Certificate(cert).subject, 'O=system:nodes\nCN=system:node:n1')
  t.regex(await readFile(join(dir, 'sa.pub'), 'utf8'), /BEGIN PUBLIC KEY/)
})
