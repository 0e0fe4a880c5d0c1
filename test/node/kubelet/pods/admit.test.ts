import test from 'ava'
import type { Pod } from '../../../../api/kinds/types.ts'
import { admitPod } from '../../../../node/kubelet/pods/admit.ts'

const allocatable = { cpu: '4', memory: '1Gi', pods: '110' }
const admit = (spec: object, labels = {}) =>
  admitPod(
    { metadata: { name: 'a', labels }, spec: { containers: [], ...spec } } as unknown as Pod,
    [],
    allocatable,
  )

test('a Pod for another operating system is not run', t => {
  t.is(admit({ os: { name: 'linux' } }, { 'kubernetes.io/os': 'linux' }), undefined)
  t.deepEqual(admit({ os: { name: 'windows' } }), {
    reason: 'PodOSNotSupported',
    message: "Failed to admit pod as the OS field doesn't match node OS",
  })
  t.is(admit({}, { 'kubernetes.io/os': 'windows' })?.reason, 'PodOSSelectorNodeLabelDoesNotMatch')
})

const sysctls: [names: string[], message: string | undefined, spec?: object][] = [
  [['kernel.shm_rmid_forced', 'net/ipv4/tcp_syncookies'], undefined],
  [['kernel.msgmax'], '"kernel.msgmax" not allowlisted'],
  [['net.ipv4.tcp_rmem', 'net/ipv4/conf/eth0.1/x'], '"net.ipv4.conf.eth0/1.x" not allowlisted'],
  [['net.ipv4.tcp_wmem'], '"net.ipv4.tcp_wmem" not allowed with host Net enabled', { hostNetwork: true }],
  [
    ['kernel.shm_rmid_forced'],
    '"kernel.shm_rmid_forced" not allowed with host IPC enabled',
    { hostIPC: true },
  ],
  [['kernel.shm_rmid_forced'], undefined, { hostNetwork: true }],
]
for (const [names, message, spec] of sysctls) {
  test(`a Pod that sets ${names} ${spec ? JSON.stringify(spec) : ''} is ${message ? 'refused' : 'run'}`, t => {
    const securityContext = { sysctls: names.map(name => ({ name, value: '1' })) }
    const wanted = message && { reason: 'SysctlForbidden', message: `forbidden sysctl: ${message}` }
    t.deepEqual(admit({ securityContext, ...spec }), wanted)
  })
}
