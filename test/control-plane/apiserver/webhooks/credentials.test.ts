import type { TLSSocket } from 'node:tls'
import test from 'ava'
import { callWebhook } from '../../../../control-plane/apiserver/webhooks/call.ts'
import { createAuthority, issueCertificate } from '../../../../control-plane/auth/certificates.ts'
import { createFakeInformers } from '../../../helpers/fake-informers.ts'
import { startTlsServer } from '../../../helpers/tls-server.ts'

test('a webhook sees the certificate and the token that are for it', async t => {
  const ca = await createAuthority('clients', 2)
  const pair = await issueCertificate({ commonName: 'the-server', usage: 'client', ca, days: 1 })
  const tls = await startTlsServer(
    (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate()
      response.end(JSON.stringify({ name: subject?.CN, token: request.headers.authorization }))
    },
    { clientCa: ca.cert },
  )
  const asked: string[] = []
  const find = (target: string) => {
    asked.push(target)
    return { ...pair, token: 'secret' }
  }
  const config = { url: `${tls.url}/x`, caBundle: tls.caBundle }
  const informers = createFakeInformers()
  t.deepEqual(await callWebhook(config, {}, informers, 5_000, {}, find), {
    name: 'the-server',
    token: 'Bearer secret',
  })
  t.deepEqual(asked, [`127.0.0.1:${tls.port}`])
  t.deepEqual(await callWebhook(config, {}, informers, 5_000), {})
  await tls.stop()
})
