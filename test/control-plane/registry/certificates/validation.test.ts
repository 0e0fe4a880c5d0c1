import test from 'ava'
import { strategies } from '../../../../control-plane/registry/strategies.ts'
import { createRequest } from '../../../helpers/certificate-request.ts'
import { accepted, filled, refused } from '../../../helpers/rules.ts'

const REQUESTS = 'certificatesigningrequests.certificates.k8s.io'
const pem = await createRequest('jane')
const request = (spec: object = {}, status: object = {}) => ({
  metadata: { name: 'r' },
  spec: { request: pem, signerName: 'example.com/s', usages: ['client auth'], ...spec },
  status,
})
const approved = { conditions: [{ type: 'Approved', status: 'True' }] }

test(accepted, 'a request', REQUESTS, request())
test(accepted, 'a decision', REQUESTS, request({}, approved), { old: request(), subresource: 'approval' })
test(
  refused,
  'a request for nothing',
  REQUESTS,
  request({ usages: [], signerName: 's', expirationSeconds: 1 }),
  [
    'spec.usages: Required value',
    'spec.signerName: Invalid value: "s": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
    'spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 600 seconds (10 minutes)',
  ],
)
test(
  refused,
  'a decision taken back',
  REQUESTS,
  request(),
  'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
  { old: request({}, approved), subresource: 'approval' },
)

/** The request with its last byte but some changed: the signature is no longer that of the key. */
function forged(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString()
  const body = Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  body[body.length - 5]! ^= 1
  const type = 'CERTIFICATE REQUEST'
  return Buffer.from(`-----BEGIN ${type}-----\n${body.toString('base64')}\n-----END ${type}-----\n`).toString(
    'base64',
  )
}
const bad = forged(pem)
test(
  refused,
  'a request that its key did not sign',
  REQUESTS,
  request({ request: bad }),
  `spec.request: Invalid value: "${bad}": x509: ECDSA verification failure`,
)
test(accepted, 'what was stored, whatever it is', REQUESTS, request({ request: bad }), {
  old: request({ request: bad }),
})
test(
  refused,
  'no request',
  REQUESTS,
  request({ request: 'eA==' }),
  'spec.request: Invalid value: "eA==": PEM block type must be CERTIFICATE REQUEST',
)
test(
  refused,
  'a decision by who signs',
  REQUESTS,
  request({}, approved),
  'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
  { old: request(), subresource: 'status' },
)
test('who signs adds conditions after those that are there, and decisions stay as they were', t => {
  const decided = { conditions: [{ type: 'Approved', status: 'True', reason: 'a' }] }
  const old = filled(REQUESTS, request({}, decided))
  const conditions = [
    { type: 'Approved', status: 'True', reason: 'b' },
    { type: 'Mine', status: 'True' },
  ]
  const wanted: any = filled(REQUESTS, request({}, { conditions }))
  const context = { user: { name: 'u', groups: [] }, subresource: 'status', now: new Date(0) }
  strategies[REQUESTS]!.prepareForUpdate!(wanted, old as any, context)
  t.deepEqual(
    wanted.status.conditions.map(({ type, reason }: any) => [type, reason]),
    [
      ['Approved', 'a'],
      ['Mine', undefined],
    ],
  )
})
