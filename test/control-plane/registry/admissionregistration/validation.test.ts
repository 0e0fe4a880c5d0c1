import test from 'ava'
import { accepted, refused } from '../../../helpers/rules.ts'

const WEBHOOKS = 'validatingwebhookconfigurations.admissionregistration.k8s.io'
const webhook = (rest: object) => ({
  metadata: { name: 'w' },
  webhooks: [
    {
      name: 'a.example.com',
      clientConfig: { url: 'https://example.com/' },
      rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      ...rest,
    },
  ],
})

test(accepted, 'a webhook', WEBHOOKS, webhook({}))
test(
  refused,
  'a name of one part',
  WEBHOOKS,
  webhook({ name: 'a' }),
  'webhooks[0].name: Invalid value: "a": should be a domain with at least three segments separated by dots',
)
test(
  refused,
  'a webhook in clear',
  WEBHOOKS,
  webhook({ clientConfig: { url: 'http://example.com/' } }),
  'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
)
const service = (path: string) =>
  webhook({ clientConfig: { service: { name: 's', namespace: 'default', path } } })
test(accepted, 'a webhook at a path of its Service', WEBHOOKS, service('/a/b/'))
test(accepted, 'a webhook at no path, which is the root', WEBHOOKS, service(''))
test(refused, 'a webhook at half a path', WEBHOOKS, service('a'), [
  'webhooks[0].clientConfig.service.path: Invalid value: "a": must start with a \'/\'',
  'webhooks[0].clientConfig.service.path: Invalid value: "a": segment[0] may not be empty',
])
test(
  refused,
  'a webhook nowhere',
  WEBHOOKS,
  webhook({ clientConfig: {} }),
  'webhooks[0].clientConfig: Required value: exactly one of url or service is required',
)
test(
  refused,
  'side effects, a long wait, no version',
  WEBHOOKS,
  webhook({ sideEffects: 'Some', timeoutSeconds: 31, admissionReviewVersions: ['v9'] }),
  [
    'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
    'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
    'webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
  ],
)
