import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import test from 'ava'
import { parse } from 'yaml'
import { loadKubeconfig } from '../../../api/client/kubeconfig.ts'
import {
  ensurePki,
  issueCertificate,
  type Pki,
  PkiError,
  writeKubeconfig,
} from '../../../control-plane/auth/pki.ts'

const OPTIONS = { hostnames: ['cp.example'], addresses: ['192.0.2.7'], serviceAddress: '10.96.0.1' }

const dir = await mkdtemp(join(tmpdir(), 'skiff-pki-'))
test.after.always(() => rm(dir, { recursive: true, force: true }))

let count = 0
const freshDir = () => join(dir, `pki-${count++}`)

const contents = async (path: string) =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(path)).map(async name => [name, await readFile(join(path, name), 'utf8')]),
    ),
  )

/** Replaces a pair by one of so many days. */
async function age(pki: Pki, name: string, days: number): Promise<void> {
  const made = await issueCertificate({ ca: pki.ca, commonName: 'old', usage: 'client', days })
  await writeFile(join(pki.dir, `${name}.crt`), made.cert)
  await writeFile(join(pki.dir, `${name}.key`), made.key)
}

test('a second start changes no file', async t => {
  const path = freshDir()
  const first = await ensurePki(path, OPTIONS)
  const before = await contents(path)
  const second = await ensurePki(path, OPTIONS)
  t.deepEqual(await contents(path), before)
  t.is(second.clients.admin.cert, first.clients.admin.cert)
  t.is((await stat(join(path, 'ca.key'))).mode & 0o777, 0o600)
})

test('openssl verifies the chain and finds the names of the server', async t => {
  const path = freshDir()
  await ensurePki(path, OPTIONS)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: path, encoding: 'utf8' })
  t.regex(openssl('verify', '-purpose', 'sslserver', '-CAfile', 'ca.crt', 'apiserver.crt'), /OK/)
  t.regex(openssl('verify', '-purpose', 'sslclient', '-CAfile', 'ca.crt', 'admin.crt'), /OK/)
  const names = openssl('x509', '-in', 'apiserver.crt', '-noout', '-ext', 'subjectAltName')
  for (const name of [
    'kubernetes.default.svc.cluster.local',
    'cp.example',
    '192.0.2.7',
    '10.96.0.1',
    '127.0.0.1',
  ]) {
    t.true(names.includes(name), name)
  }
})

test('node and openssl speak TLS with the identities, each seeing the other', async t => {
  const { ca, serving } = await ensurePki(freshDir(), OPTIONS)
  const client = await issueCertificate({
    ca,
    commonName: 'system:node:n1',
    organizations: ['system:nodes', 'more'],
    usage: 'client',
    days: 1,
  })
  const server = createServer({ ...serving, ca: ca.cert, requestCert: true, rejectUnauthorized: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const seen = once(server, 'secureConnection') as Promise<[TLSSocket]>
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca: ca.cert,
    ...client,
    servername: 'kubernetes.default.svc',
  })
  await once(socket, 'secureConnect')
  const [peer] = await seen
  t.true(peer.authorized)
  t.deepEqual({ ...peer.getPeerCertificate().subject } as object, {
    CN: 'system:node:n1',
    O: ['system:nodes', 'more'],
  })
  socket.destroy()
  server.close()
})

test('a certificate that expires within 30 days is made anew, the others stay', async t => {
  const path = freshDir()
  const pki = await ensurePki(path, OPTIONS)
  await age(pki, 'scheduler', 29)
  const again = await ensurePki(path, OPTIONS)
  t.is(new X509Certificate(again.clients.scheduler.cert).subject, 'CN=system:kube-scheduler')
  t.is(again.clients.admin.cert, pki.clients.admin.cert)
})

test('an old authority is signed again with its own key: what it signed stays good', async t => {
  const path = freshDir()
  const pki = await ensurePki(path, OPTIONS)
  const { createAuthority } = await import('../../../control-plane/auth/certificates.ts')
  const old = await createAuthority('kubernetes', 10, pki.ca.key)
  await writeFile(join(path, 'ca.crt'), old.cert)
  const again = await ensurePki(path, OPTIONS)
  t.not(again.ca.cert, old.cert)
  t.is(again.clients.admin.cert, pki.clients.admin.cert)
  t.true(new X509Certificate(again.clients.admin.cert).verify(new X509Certificate(again.ca.cert).publicKey))
})

test('new names give a new serving certificate only', async t => {
  const path = freshDir()
  const before = await ensurePki(path, OPTIONS)
  const after = await ensurePki(path, { ...OPTIONS, addresses: ['192.0.2.7', '192.0.2.8'] })
  t.not(after.serving.cert, before.serving.cert)
  t.is(new X509Certificate(after.serving.cert).checkIP('192.0.2.8'), '192.0.2.8')
  t.is(after.clients.admin.cert, before.clients.admin.cert)
})

test('a damaged file is named', async t => {
  for (const name of ['ca.crt', 'ca.key', 'admin.crt', 'admin.key', 'sa.key']) {
    const path = freshDir()
    await ensurePki(path, OPTIONS)
    await writeFile(join(path, name), 'nonsense')
    const error = await t.throwsAsync(ensurePki(path, OPTIONS), { instanceOf: PkiError })
    t.true(error.message.startsWith(`${join(path, name)} is damaged`), error.message)
  }
})

test('a lost CA key is an error, a lost certificate or public key is made again', async t => {
  const path = freshDir()
  const pki = await ensurePki(path, OPTIONS)
  await rm(join(path, 'sa.pub'))
  await rm(join(path, 'ca.crt'))
  const again = await ensurePki(path, OPTIONS)
  t.deepEqual(again.serviceAccountKey, pki.serviceAccountKey)
  t.is(again.clients.admin.cert, pki.clients.admin.cert)
  await rm(join(path, 'ca.key'))
  const error = await t.throwsAsync(ensurePki(path, OPTIONS), { instanceOf: PkiError })
  t.true(error.message.startsWith(`${join(path, 'ca.key')} is missing`))
})

test('a pair whose writer was stopped between its two files is made anew', async t => {
  const path = freshDir()
  const pki = await ensurePki(path, OPTIONS)
  await writeFile(join(path, 'admin.key'), pki.clients.scheduler.key)
  const again = await ensurePki(path, OPTIONS)
  t.true(new X509Certificate(again.clients.admin.cert).subject.includes('CN=kubernetes-admin'))
})

test('a kubeconfig is readable by its owner only and says it all', async t => {
  const path = freshDir()
  const { ca, clients } = await ensurePki(path, OPTIONS)
  const file = join(path, 'conf', 'admin.kubeconfig')
  await writeKubeconfig(file, {
    server: 'https://192.0.2.7:6443',
    ca: ca.cert,
    client: clients.admin,
    user: 'me',
  })
  t.is((await stat(file)).mode & 0o777, 0o600)
  t.like(await loadKubeconfig(file), { server: 'https://192.0.2.7:6443', ca: ca.cert, ...clients.admin })
  t.is(parse(await readFile(file, 'utf8'))['current-context'], 'me@skiff')
})
