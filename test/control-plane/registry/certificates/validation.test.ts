import test from 'ava'
import { accepted, refused } from '../../../helpers/rules.ts'

const REQUESTS = 'certificatesigningrequests.certificates.k8s.io'
const pem = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n')
const request = (spec: object = {}, status: object = {}) => ({
  metadata: { name: 'r' },
  spec: { request: pem.toString('base64'), signerName: 'example.com/s', usages: ['client auth'], ...spec },
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
