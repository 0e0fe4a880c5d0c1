import test from 'ava'
import { BOOTSTRAP_ROLES } from '../../../control-plane/auth/bootstrap-rules.ts'
import { policyRules } from '../../../control-plane/auth/policy-text.ts'

test('a rule is a line of text: groups, resources, verbs and names, or paths', t => {
  t.deepEqual(
    policyRules(`
      core apps: pods/status replicasets | get list
      core: configmaps | update | one two
      url: /healthz /version | get
    `),
    [
      { apiGroups: ['', 'apps'], resources: ['pods/status', 'replicasets'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['update'], resourceNames: ['one', 'two'] },
      { nonResourceURLs: ['/healthz', '/version'], verbs: ['get'] },
    ],
  )
})

test('each of Kubernetes’ controllers has a role of its own', t => {
  t.deepEqual(BOOTSTRAP_ROLES['system:controller:ttl-after-finished-controller']!.rules, [
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['delete', 'get', 'list', 'watch'] },
    { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
  ])
  t.is(Object.keys(BOOTSTRAP_ROLES).filter(name => name.startsWith('system:controller:')).length, 37)
})
