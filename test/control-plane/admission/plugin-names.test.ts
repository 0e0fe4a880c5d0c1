import test from 'ava'
import { enabledPlugins, PLUGIN_NAMES, switchFault } from '../../../control-plane/admission/plugin-names.ts'

test('the usual plugins are those of upstream and NodeRestriction, in its order', t => {
  t.deepEqual(enabledPlugins(), [
    'NamespaceLifecycle',
    'LimitRanger',
    'ServiceAccount',
    'NodeRestriction',
    'TaintNodesByCondition',
    'PodSecurity',
    'Priority',
    'DefaultTolerationSeconds',
    'DefaultStorageClass',
    'StorageObjectInUseProtection',
    'PersistentVolumeClaimResize',
    'RuntimeClass',
    'CertificateApproval',
    'CertificateSigning',
    'ClusterTrustBundleAttest',
    'CertificateSubjectRestriction',
    'DefaultIngressClass',
    'MutatingAdmissionWebhook',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionWebhook',
    'ResourceQuota',
  ])
})

test('what is enabled comes to its place in the order, whatever the order it was named in', t => {
  const enabled = enabledPlugins({ enable: ['AlwaysDeny', 'AlwaysPullImages'], disable: ['PodSecurity'] })
  t.is(enabled.at(-1), 'AlwaysDeny')
  t.is(enabled.indexOf('AlwaysPullImages'), enabled.indexOf('TaintNodesByCondition') + 1)
  t.false(enabled.includes('PodSecurity'))
})

test('names that are not known, or given twice over, are told as upstream does', t => {
  t.is(switchFault({ enable: [...PLUGIN_NAMES] }), undefined)
  t.is(switchFault({ enable: ['Foo'] }), 'enable-admission-plugins plugin "Foo" is unknown')
  t.is(
    switchFault({ enable: ['Priority'], disable: ['Bar', 'Priority'] }),
    '[disable-admission-plugins plugin "Bar" is unknown, [Priority] in enable-admission-plugins and disable-admission-plugins overlapped]',
  )
})
