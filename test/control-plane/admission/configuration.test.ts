import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { stringify } from 'yaml'
import { readAdmissionConfiguration } from '../../../control-plane/admission/configuration/read.ts'
import { DEPENDENT, PLUGIN_NAMES, type PluginName } from '../../../control-plane/admission/plugin-names.ts'

let dir: string
let files = 0
test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-admission-'))
})
test.after.always(() => rm(dir, { recursive: true, force: true }))

async function fileOf(content: unknown): Promise<string> {
  const file = join(dir, `${files++}.yaml`)
  await writeFile(file, typeof content === 'string' ? content : stringify(content))
  return file
}

const told = (name: string, configuration: object, more: object = {}): object => ({
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AdmissionConfiguration',
  plugins: [{ name, configuration, ...more }],
})
const QUIET = PLUGIN_NAMES.filter(name => !DEPENDENT.includes(name))
const read = async (content: unknown, enabled: readonly PluginName[] = QUIET) =>
  readAdmissionConfiguration(await fileOf(content), enabled)

const POD_SECURITY = {
  apiVersion: 'pod-security.admission.config.k8s.io/v1',
  kind: 'PodSecurityConfiguration',
}
const RATES = { apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1', kind: 'Configuration' }
const QUOTA = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'ResourceQuotaConfiguration' }

test('PodSecurity is told defaults and whom it exempts', async t => {
  const { PodSecurity } = await read(
    told('PodSecurity', {
      ...POD_SECURITY,
      defaults: { enforce: 'baseline', 'enforce-version': 'v1.30', warn: 'restricted' },
      exemptions: { usernames: ['eve'], namespaces: ['kube-system'], runtimeClasses: [] },
    }),
  )
  t.is(PodSecurity!.defaults.enforce.name, 'baseline:v1.30')
  t.is(PodSecurity!.defaults.warn.name, 'restricted:latest')
  t.is(PodSecurity!.defaults.audit.name, 'privileged:latest')
  t.deepEqual([...PodSecurity!.exemptions.usernames], ['eve'])
  t.deepEqual([...PodSecurity!.exemptions.namespaces], ['kube-system'])
})

test('ResourceQuota is told what is limited, EventRateLimit its limits', async t => {
  const limitedResources = [
    { resource: 'pods', matchScopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
  ]
  t.deepEqual(
    (await read(told('ResourceQuota', { ...QUOTA, limitedResources }))).ResourceQuota,
    limitedResources,
  )
  const limits = [{ type: 'Server', qps: 5, burst: 10 }]
  const rates = await read(told('EventRateLimit', { ...RATES, limits }), ['EventRateLimit'])
  t.deepEqual(rates.EventRateLimit, [{ type: 'Server', qps: 5, burst: 10 }])
})

test('what a plugin is told may stand in a file of its own, beside the first one', async t => {
  const own = await fileOf({ podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'a=b' } })
  const path = own.slice(dir.length + 1)
  const configuration = told('PodNodeSelector', null as never, { path })
  t.deepEqual((await read(configuration)).PodNodeSelector, { clusterDefaultNodeSelector: 'a=b' })
  t.deepEqual((await readAdmissionConfiguration(own, QUIET)).PodNodeSelector, {
    clusterDefaultNodeSelector: 'a=b',
  })
})

test('tolerations of the cluster are checked as those of Pods', async t => {
  const types = { apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1', kind: 'Configuration' }
  const fine = { ...types, default: [{ key: 'a', operator: 'Exists' }] }
  t.deepEqual((await read(told('PodTolerationRestriction', fine))).PodTolerationRestriction, {
    default: [{ key: 'a', operator: 'Exists' }],
  })
  const wrong = { ...types, whitelist: [{ key: 'a', operator: 'Never' }] }
  await t.throwsAsync(read(told('PodTolerationRestriction', wrong)), {
    message: /podtolerationrestriction\.whitelist\[0\]\.operator: Unsupported value: "Never"/,
  })
})

test('what plugins are told that are off is not looked at', async t => {
  t.deepEqual(await read(told('PodSecurity', { kind: 'Odd' }), ['Priority']), {})
  t.deepEqual(await readAdmissionConfiguration(undefined, ['PodSecurity']), {})
})

const FAULTS: [what: string, content: unknown, message: RegExp][] = [
  [
    'another kind',
    { apiVersion: 'v1', kind: 'Pod' },
    /expected apiVersion "apiserver.config.k8s.io\/v1", kind "AdmissionConfiguration", found "v1", "Pod"/,
  ],
  ['what is no YAML', 'a: [', /unable to read admission control configuration/],
  ['a plugin that is not there', told('Odd', {}), /plugins\[0\]\.name: no admission plugin is called "Odd"/],
  [
    'an unknown field',
    told('PodSecurity', {}, { configuraton: 1 }),
    /plugins\.0: unknown field "configuraton"/,
  ],
  [
    'a file that is not there',
    told('PodSecurity', null as never, { path: 'none.yaml' }),
    /couldn't open admission plugin configuration none\.yaml of PodSecurity: ENOENT/,
  ],
  [
    'another type',
    told('PodSecurity', QUOTA),
    /couldn't init admission plugin "PodSecurity": expected pod-security.admission.config.k8s.io\/v1 PodSecurityConfiguration or .*, found apiVersion "apiserver.config.k8s.io\/v1"/,
  ],
  [
    'a level that is none',
    told('PodSecurity', { ...POD_SECURITY, defaults: { enforce: 'strict' } }),
    /defaults\.enforce: Invalid value: "strict": must be one of privileged, baseline, restricted/,
  ],
  [
    'a version that is none',
    told('PodSecurity', { ...POD_SECURITY, defaults: { 'warn-version': '1.2' } }),
    /defaults\.warn-version: Invalid value: "1\.2": must be "latest" or "v1\.x"/,
  ],
  [
    'a name twice',
    told('PodSecurity', { ...POD_SECURITY, exemptions: { usernames: ['a', 'a'] } }),
    /exemptions\.usernames\[1\]: Duplicate value: "a"/,
  ],
  [
    'a field of another type',
    told('PodSecurity', { ...POD_SECURITY, exemptions: { usernames: 'a' } }),
    /exemptions\.usernames must be array/,
  ],
  [
    'a limit of nothing',
    told('ResourceQuota', { ...QUOTA, limitedResources: [{}] }),
    /limitedResources\[0\]\.resource: Required value/,
  ],
  [
    'a rate that is none',
    told('EventRateLimit', { ...RATES, limits: [{ type: 'Odd', qps: 0, burst: 1 }] }),
    /limits\[0\]\.type: Unsupported value: "Odd".*limits\[0\]\.qps: Invalid value: 0: must be positive/,
  ],
]

for (const [what, content, message] of FAULTS) {
  test(`a configuration is refused that has ${what}`, async t => {
    const enabled = [...QUIET, ...DEPENDENT.filter(name => JSON.stringify(content).includes(name))]
    await t.throwsAsync(read(content, enabled), { message })
  })
}

test('ImagePolicyWebhook is told its backend, and how long answers are good for', async t => {
  const kubeConfigFile = await fileOf({
    clusters: [{ name: 'c', cluster: { server: 'https://images.example.com/review' } }],
    users: [{ name: 'u', user: { token: 'secret' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })
  const imagePolicy = { kubeConfigFile: kubeConfigFile.slice(dir.length + 1), allowTTL: -1, denyTTL: 5 }
  const { ImagePolicyWebhook } = await read(told('ImagePolicyWebhook', { imagePolicy }), [
    'ImagePolicyWebhook',
  ])
  t.like(ImagePolicyWebhook, {
    backend: { server: 'https://images.example.com/review', token: 'secret' },
    allowTtl: 0,
    denyTtl: 5_000,
    retryBackoff: 500,
    defaultAllow: false,
  })
  await t.throwsAsync(readAdmissionConfiguration(undefined, ['ImagePolicyWebhook']), {
    message: `couldn't init admission plugin "ImagePolicyWebhook": no config specified`,
  })
})

test('webhooks are shown what a kubeconfig has for them', async t => {
  const kubeConfigFile = await fileOf({
    users: ['hook.ns.svc', '*.example.com', 'b.example.com:8443', '*'].map(name => ({
      name,
      user: { token: name },
    })),
  })
  const types = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'WebhookAdmissionConfiguration' }
  const { ValidatingAdmissionWebhook: find } = await read(
    told('ValidatingAdmissionWebhook', { ...types, kubeConfigFile }),
  )
  t.is((await find!('hook.ns.svc:443'))?.token, 'hook.ns.svc')
  t.is((await find!('a.example.com:443'))?.token, '*.example.com')
  t.is((await find!('b.example.com:8443'))?.token, 'b.example.com:8443')
  t.is((await find!('hook.ns.svc:8443'))?.token, '*')
  await t.throwsAsync(read(told('MutatingAdmissionWebhook', { ...types, kubeConfigFile: 'x.yaml' })), {
    message: /kubeConfigFile: Invalid value: "x.yaml": must be an absolute file path/,
  })
  await t.throwsAsync(read(told('MutatingAdmissionWebhook', { ...types, kubeConfigFile: '/none/x.yaml' })), {
    message:
      /couldn't init admission plugin "MutatingAdmissionWebhook": cannot read kubeconfig \/none\/x.yaml/,
  })
})

test('EventRateLimit does not do without a configuration', async t => {
  await t.throwsAsync(readAdmissionConfiguration(undefined, ['EventRateLimit']), {
    message: `couldn't init admission plugin "EventRateLimit": limits: Invalid value: []: must not be empty`,
  })
})
