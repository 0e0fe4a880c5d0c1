import test from 'ava'
import { Registry } from 'prom-client'
import { namespaces, pods } from '../../../api/kinds/core.ts'
import { podSecurity } from '../../../control-plane/admission/pod-security/admission.ts'
import { violations } from '../../../control-plane/admission/pod-security/checks.ts'
import { PodSecurityMetrics } from '../../../control-plane/admission/pod-security/metrics.ts'
import { levelAt, OPEN, policyOf } from '../../../control-plane/admission/pod-security/policy.ts'
import { attributesOf, refusal } from '../../helpers/admission.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'

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

const VERSIONS: [
  what: string,
  level: string,
  minor: number,
  spec: object,
  container: object,
  words?: string,
][] = [
  [
    'another host is probed',
    'baseline',
    34,
    {},
    {
      livenessProbe: { httpGet: { port: 1, host: 'a' } },
      lifecycle: { preStop: { tcpSocket: { host: 'b' } } },
    },
    'probe or lifecycle host (container "a" uses probe or lifecycle hosts "a", "b")',
  ],
  ['another host is probed', 'baseline', 33, {}, { livenessProbe: { httpGet: { port: 1, host: 'a' } } }],
  [
    'a type of SELinux of v1.31',
    'baseline',
    30,
    { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } },
    {},
    'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
  ],
  [
    'a type of SELinux of v1.31',
    'baseline',
    31,
    { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } },
    {},
  ],
  ...(
    [
      [26, 'net.ipv4.ip_local_reserved_ports', 'forbidden sysctls (net.ipv4.ip_local_reserved_ports)'],
      [27, 'net.ipv4.ip_local_reserved_ports', undefined],
      [28, 'net.ipv4.tcp_fin_timeout', 'forbidden sysctls (net.ipv4.tcp_fin_timeout)'],
      [29, 'net.ipv4.tcp_fin_timeout', undefined],
      [31, 'net.ipv4.tcp_rmem', 'forbidden sysctls (net.ipv4.tcp_rmem)'],
      [32, 'net.ipv4.tcp_rmem', undefined],
    ] as const
  ).map(
    ([minor, name, words]) =>
      [`the setting ${name}`, 'baseline', minor, { securityContext: { sysctls: [{ name }] } }, {}, words] as [
        string,
        string,
        number,
        object,
        object,
        string?,
      ],
  ),
  [
    'a profile in a field',
    'baseline',
    18,
    { securityContext: { seccompProfile: { type: 'Unconfined' } } },
    {},
  ],
  ['nothing said', 'restricted', 7, { securityContext: { runAsNonRoot: true } }, {}],
  [
    'nothing said',
    'restricted',
    8,
    { securityContext: { runAsNonRoot: true } },
    {},
    'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)',
  ],
  [
    'added capabilities',
    'restricted',
    21,
    { securityContext: { runAsNonRoot: true, seccompProfile: { type: 'Localhost' } } },
    { securityContext: { allowPrivilegeEscalation: false, capabilities: { add: ['SYS_TIME'] } } },
    'non-default capabilities (container "a" must not include "SYS_TIME" in securityContext.capabilities.add)',
  ],
  [
    'Windows',
    'restricted',
    24,
    { os: { name: 'windows' }, securityContext: { runAsNonRoot: true } },
    {},
    'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
  ['Windows', 'restricted', 25, { os: { name: 'windows' }, securityContext: { runAsNonRoot: true } }, {}],
]
for (const [what, level, minor, spec, container, words] of VERSIONS) {
  test(`${level} of v1.${minor} ${words ? 'refuses' : 'takes'} ${what}`, t => {
    t.is(violations(level, pod(spec, container), minor), words)
  })
}

test('before v1.19 profiles stood in annotations', t => {
  const old = {
    ...pod({}),
    metadata: { annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' } },
  }
  t.is(
    violations('baseline', old, 18),
    'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
  )
  t.is(violations('baseline', old, 19), undefined)
})

const LABELS = 'pod-security.kubernetes.io/'
test('labels choose a level and a version; what cannot be read is enforced strictly', t => {
  const of = (mode: 'enforce' | 'warn', labels: object) => {
    const entries = Object.entries(labels).map(([key, value]) => [`${LABELS}${key}`, value])
    return policyOf(Object.fromEntries(entries), OPEN.defaults)[mode].name
  }
  t.is(of('enforce', {}), 'privileged:latest')
  t.is(of('enforce', { enforce: 'baseline', 'enforce-version': 'v1.30' }), 'baseline:v1.30')
  t.is(of('enforce', { enforce: 'x', 'enforce-version': 'v2' }), 'restricted:latest')
  t.is(of('warn', { warn: 'x' }), 'privileged:latest')
  t.is(of('warn', { 'warn-version': 'v1.2' }), 'privileged:v1.2')
})

test('who is held to a level is warned by it too, unless another one is chosen for that', t => {
  const warned = (labels: object) => {
    const entries = Object.entries(labels).map(([key, value]) => [`${LABELS}${key}`, value])
    return policyOf(Object.fromEntries(entries), OPEN.defaults).warn.name
  }
  t.is(warned({ enforce: 'restricted', 'enforce-version': 'v1.30' }), 'restricted:v1.30')
  t.is(warned({ enforce: 'restricted', 'warn-version': 'v1.31' }), 'restricted:v1.31')
  t.is(warned({ enforce: 'restricted', warn: 'privileged' }), 'privileged:latest')
  t.is(warned({ enforce: 'x' }), 'privileged:latest')
})

test('who raises the level of a namespace is told of the Pods that break it', async t => {
  const informers = createFakeInformers()
  const there = (name: string, spec: object): any => ({
    apiVersion: 'v1',
    kind: 'Pod',
    ...pod(spec),
    metadata: { name, namespace: 'n' },
  })
  informers.set(
    pods,
    there('b', { hostNetwork: true }),
    there('a', { hostNetwork: true }),
    there('c', { hostPID: true, volumes: [{ name: 'v', hostPath: { path: '/' } }] }),
    there('fine', {}),
  )
  const plugin = podSecurity({} as never, informers)
  const namespace = (labels: object): any => ({ metadata: { name: 'n', labels } })
  const write = attributesOf('namespaces', {
    operation: 'UPDATE',
    object: namespace({ [`${LABELS}enforce`]: 'baseline' }),
    oldObject: namespace({}),
  })
  t.is(await refusal(plugin, write), undefined)
  t.deepEqual(write.warnings, [
    'existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:latest"',
    'a (and 1 other pod): host namespaces',
    'c: host namespaces, hostPath volumes',
  ])
  const back = attributesOf('namespaces', {
    operation: 'UPDATE',
    object: namespace({ [`${LABELS}enforce`]: 'baseline' }),
    oldObject: namespace({ [`${LABELS}enforce`]: 'restricted' }),
  })
  t.is(await refusal(plugin, back), undefined)
  t.deepEqual(back.warnings, [])
})

test('the audit log is told of the level that is enforced, and of what breaks the audited one', async t => {
  const informers = createFakeInformers()
  informers.set(namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'n', labels: { [`${LABELS}audit`]: 'baseline', [`${LABELS}audit-version`]: 'v1.30' } },
  } as never)
  const noted: Record<string, string> = {}
  const origin = {
    options: () => undefined,
    annotate: (key: string, value: string) => {
      noted[key] = value
    },
  }
  const write = attributesOf('pods', { object: pod({ hostPID: true }) as never, namespace: 'n', origin })
  t.is(await refusal(podSecurity({} as never, informers), write), undefined)
  t.deepEqual(write.warnings, [])
  t.deepEqual(noted, {
    [`${LABELS}enforce-policy`]: 'privileged:latest',
    [`${LABELS}audit-violations`]:
      'would violate PodSecurity "baseline:v1.30": host namespaces (hostPID=true)',
  })
})

test('defaults hold where a namespace says nothing, and not for whom is exempt', async t => {
  const informers = createFakeInformers()
  const named = (name: string, labels: object = {}): any => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
    spec: {},
  })
  informers.set(
    namespaces,
    named('plain'),
    named('open', { [`${LABELS}enforce`]: 'privileged' }),
    named('free'),
  )
  const strict = levelAt('baseline', 'v1.30')
  const settings = {
    defaults: { enforce: strict, audit: strict, warn: strict },
    exemptions: {
      namespaces: new Set(['free']),
      usernames: new Set(['root']),
      runtimeClasses: new Set(['kata']),
    },
  }
  const registry = new Registry()
  const plugin = podSecurity({} as never, informers, settings, new PodSecurityMetrics(registry))
  const notes: string[] = []
  const origin = {
    options: () => undefined,
    annotate: (key: string, value: string) => notes.push(`${key}=${value}`),
  }
  const ask = (namespace: string, spec: object = {}, user = 'eve') => {
    const object: any = { ...pod({ hostPID: true, ...spec }), metadata: { name: 'p' } }
    const write = { object, namespace, user: { name: user, groups: [] }, origin: origin as never }
    return refusal(plugin, attributesOf('pods', write))
  }
  const why = 'pods "p" is forbidden: violates PodSecurity "baseline:v1.30": host namespaces (hostPID=true)'
  t.is(await ask('plain'), why)
  t.is(await ask('open'), undefined)
  notes.length = 0
  t.is(await ask('free'), undefined)
  t.is(await ask('plain', {}, 'root'), undefined)
  t.is(await ask('plain', { runtimeClassName: 'kata' }), undefined)
  t.deepEqual(
    notes,
    ['namespace', 'user', 'runtimeClass'].map(reason => `${LABELS}exempt=${reason}`),
  )
  const told = await registry.metrics()
  const labels = 'request_operation="create",resource="pod",subresource=""'
  for (const series of [
    `pod_security_evaluations_total{decision="deny",policy_level="baseline",policy_version="v1.30",mode="enforce",${labels},ocp_namespace=""} 1`,
    `pod_security_evaluations_total{decision="deny",policy_level="baseline",policy_version="v1.30",mode="audit",${labels},ocp_namespace=""} 2`,
    `pod_security_evaluations_total{decision="allow",policy_level="privileged",policy_version="latest",mode="enforce",${labels},ocp_namespace=""} 1`,
    `pod_security_exemptions_total{${labels}} 3`,
  ]) {
    t.true(told.includes(series), series)
  }
})

test('who chooses levels for a namespace that is exempt is told that they count for nothing', async t => {
  const exemptions = { ...OPEN.exemptions, namespaces: new Set(['free']) }
  const plugin = podSecurity({} as never, createFakeInformers(), { ...OPEN, exemptions })
  const labels = { [`${LABELS}enforce`]: 'baseline', [`${LABELS}audit`]: 'restricted' }
  const write = attributesOf('namespaces', { object: { metadata: { name: 'free', labels } } as never })
  t.is(await refusal(plugin, write), undefined)
  t.deepEqual(write.warnings, [
    'namespace "free" is exempt from Pod Security, and the policy (enforce=baseline:latest, audit=restricted:latest) will be ignored',
  ])
})
