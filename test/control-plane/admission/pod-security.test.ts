import test from 'ava'
import { violations } from '../../../control-plane/admission/pod-security/checks.ts'

const pod = (spec: object, container: object = {}) => ({
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'a', image: 'x', ...container }], ...spec },
})

test('a plain Pod keeps the baseline and not the restricted standard', t => {
  t.is(violations('privileged', pod({ hostNetwork: true })), undefined)
  t.is(violations('baseline', pod({})), undefined)
  t.is(
    violations('restricted', pod({})),
    'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  )
})

test('a Pod that asks for little keeps the restricted standard', t => {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  const whole = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }
  t.is(violations('restricted', pod({ securityContext: whole }, { securityContext })), undefined)
})

const FAULTS: [what: string, spec: object, container: object, words: string][] = [
  [
    'namespaces of the host',
    { hostNetwork: true, hostPID: true },
    {},
    'host namespaces (hostNetwork=true, hostPID=true)',
  ],
  [
    'directories of the host',
    { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    {},
    'hostPath volumes (volume "v")',
  ],
  ['ports of the host', {}, { ports: [{ hostPort: 80 }] }, 'hostPort (container "a" uses hostPort 80)'],
  [
    'all rights',
    {},
    { securityContext: { privileged: true } },
    'privileged (container "a" must not set securityContext.privileged=true)',
  ],
  [
    'capabilities',
    {},
    { securityContext: { capabilities: { add: ['SYS_ADMIN', 'CHOWN'] } } },
    'non-default capabilities (container "a" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
  ],
  [
    'all of procfs',
    {},
    { securityContext: { procMount: 'Unmasked' } },
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    'no filter of calls',
    { securityContext: { seccompProfile: { type: 'Unconfined' } } },
    {},
    'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    'settings of the kernel',
    { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
    {},
    'forbidden sysctls (kernel.msgmax)',
  ],
  [
    'another SELinux type',
    { securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } } },
    {},
    'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
  ],
]

for (const [what, spec, container, words] of FAULTS) {
  test(`the baseline refuses ${what}`, t => t.is(violations('baseline', pod(spec, container)), words))
}
