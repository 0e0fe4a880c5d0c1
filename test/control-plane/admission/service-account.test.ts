import test from 'ava'
import { serviceAccounts } from '../../../api/kinds/core.ts'
import { notFound } from '../../../api/meta/status.ts'
import { serviceAccountAdmission } from '../../../control-plane/admission/service-account.ts'
import { attributesOf, refusal } from '../../helpers/admission.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'

const informers = createFakeInformers()
const account = (name: string, more: object = {}, annotations: object = {}): any => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace: 'default', annotations },
  ...more,
})
informers.set(
  serviceAccounts,
  account('default', { imagePullSecrets: [{ name: 'pull' }] }),
  account(
    'strict',
    { secrets: [{ name: 'own' }], automountServiceAccountToken: false },
    { 'kubernetes.io/enforce-mountable-secrets': 'true' },
  ),
)
let asked = 0
const client: any = {
  async get(kind: any, { name, namespace }: any) {
    asked++
    if (namespace === 'late' && asked > 2) return account(name)
    throw notFound(kind, name)
  },
}
const plugin = serviceAccountAdmission(client, informers)
const pod = (spec: object = {}, metadata: object = {}): any => ({
  metadata: { name: 'p', ...metadata },
  spec: { containers: [{ name: 'c' }], ...spec },
})

test('a Pod gets the default account, its token and what it pulls images with', async t => {
  const object = pod()
  t.is(await refusal(plugin, attributesOf('pods', { object })), undefined)
  t.is(object.spec.serviceAccountName, 'default')
  t.is(object.spec.serviceAccount, 'default')
  t.deepEqual(object.spec.imagePullSecrets, [{ name: 'pull' }])
  t.is(object.spec.containers[0].volumeMounts[0].mountPath, '/var/run/secrets/kubernetes.io/serviceaccount')
})

test('the default account of a namespace is waited for', async t => {
  const object = pod()
  t.is(await refusal(plugin, attributesOf('pods', { object, namespace: 'late' })), undefined)
  t.is(asked, 3)
})

const MIRROR = { annotations: { 'kubernetes.io/config.mirror': '' } }
const REFUSED: [what: string, object: any, why: string][] = [
  [
    'an account that is not there',
    pod({ serviceAccountName: 'none' }),
    'error looking up service account default/none: serviceaccount "none" not found',
  ],
  [
    'an account, where it stands in for a static one',
    pod({ serviceAccountName: 'default' }, MIRROR),
    'a mirror pod may not reference service accounts',
  ],
  [
    'secrets, where it stands in for a static one',
    pod({ imagePullSecrets: [{ name: 's' }] }, MIRROR),
    'a mirror pod may not reference secrets',
  ],
  [
    'tokens, where it stands in for a static one',
    pod({ volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: {} }] } }] }, MIRROR),
    'a mirror pod may not use ServiceAccountToken volume projections',
  ],
  [
    'secrets that its account does not name, as volume',
    pod({ serviceAccountName: 'strict', volumes: [{ name: 'v', secret: { secretName: 's' } }] }),
    'volume with secret.secretName="s" is not allowed because service account strict does not reference that secret',
  ],
  [
    'secrets that its account does not name, as variable',
    pod({
      serviceAccountName: 'strict',
      containers: [{ name: 'c', env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }],
    }),
    'container c with envVar A referencing secret.secretName="s" is not allowed because service account strict does not reference that secret',
  ],
  [
    'secrets that its account does not pull with',
    pod({ serviceAccountName: 'strict', imagePullSecrets: [{ name: 's' }] }),
    'imagePullSecrets[0].name="s" is not allowed because service account strict does not reference that imagePullSecret',
  ],
]
for (const [what, object, why] of REFUSED) {
  test(`a Pod is refused ${what}`, async t => {
    t.is(await refusal(plugin, attributesOf('pods', { object })), `pods "p" is forbidden: ${why}`)
  })
}

test('a Pod may have the secrets its account names', async t => {
  const object = pod({
    serviceAccountName: 'strict',
    volumes: [{ name: 'v', secret: { secretName: 'own' } }],
  })
  t.is(await refusal(plugin, attributesOf('pods', { object })), undefined)
})
