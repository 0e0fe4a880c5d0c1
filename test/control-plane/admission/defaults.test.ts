import test from 'ava'
import { storageClasses } from '../../../api/kinds/storage.ts'
import { trustBundleAttest } from '../../../control-plane/admission/certificates.ts'
import { claimResize } from '../../../control-plane/admission/default-classes.ts'
import { defaultTolerationSeconds } from '../../../control-plane/admission/pod-defaults.ts'
import type { AuthorizationAttributes } from '../../../control-plane/auth/types.ts'
import { attributesOf, refusal } from '../../helpers/admission.ts'
import { createFakeInformers } from '../../helpers/fake-informers.ts'

test('Pods stay on a node that fails for as long as the server was told, or they say', async t => {
  const tolerationsOf = async (seconds?: { notReady?: number }, own?: object[]) => {
    const object: any = { metadata: { name: 'p' }, spec: { ...(own && { tolerations: own }) } }
    await refusal(defaultTolerationSeconds(seconds), attributesOf('pods', { object }))
    return object.spec.tolerations.map(({ key, tolerationSeconds }: any) => [key, tolerationSeconds])
  }
  const [notReady, unreachable] = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
  t.deepEqual(await tolerationsOf(), [
    [notReady, 300],
    [unreachable, 300],
  ])
  t.deepEqual(await tolerationsOf({ notReady: 7 }), [
    [notReady, 7],
    [unreachable, 300],
  ])
  t.deepEqual(await tolerationsOf({}, [{ key: notReady, operator: 'Exists', tolerationSeconds: 1 }]), [
    [notReady, 1],
    [unreachable, 300],
  ])
})

test('only a claim that is bound grows, and only where its class lets it', async t => {
  const informers = createFakeInformers()
  const storageClass = (name: string, allowVolumeExpansion: boolean): any => ({
    metadata: { name },
    allowVolumeExpansion,
  })
  informers.set(storageClasses, storageClass('rubber', true), storageClass('stone', false))
  const plugin = claimResize(informers)
  const claim = (storage: string, storageClassName: string, phase = 'Bound'): any => ({
    metadata: { name: 'c' },
    spec: { storageClassName, resources: { requests: { storage } } },
    status: { phase },
  })
  const grow = (to: string, className: string, phase?: string) =>
    refusal(
      plugin,
      attributesOf('persistentvolumeclaims', {
        operation: 'UPDATE',
        name: 'c',
        object: claim(to, className, phase),
        oldObject: claim('1Gi', className, phase),
      }),
    )
  t.is(await grow('2Gi', 'rubber'), undefined)
  t.is(await grow('1Gi', 'stone'), undefined)
  t.is(
    await grow('2Gi', 'stone'),
    'persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
  )
  t.is(
    await grow('2Gi', 'rubber', 'Pending'),
    'persistentvolumeclaims "c" is forbidden: Only bound persistent volume claims can be expanded',
  )
})

test('who names a signer of trusted certificates must be allowed to attest for it', async t => {
  const asked: string[] = []
  const authorizer = {
    authorize({ verb, resource, name }: AuthorizationAttributes) {
      asked.push(`${verb} ${resource} ${name}`)
      return { allowed: name === 'fine.example.com/*' ? ('allow' as const) : ('no-opinion' as const) }
    },
  }
  const kind: any = {
    group: 'certificates.k8s.io',
    version: 'v1beta1',
    plural: 'clustertrustbundles',
    kind: 'ClusterTrustBundle',
  }
  const bundle = (signerName?: string): any => ({ metadata: { name: 'b' }, spec: { signerName } })
  const ask = (signerName?: string, oldObject?: any) => {
    const operation = oldObject ? 'UPDATE' : 'CREATE'
    const write = { kind, operation, object: bundle(signerName), oldObject } as const
    return refusal(trustBundleAttest(authorizer), attributesOf('configmaps', write))
  }
  t.is(await ask(), undefined)
  t.is(await ask('fine.example.com/a'), undefined)
  t.deepEqual(asked, ['attest signers fine.example.com/a', 'attest signers fine.example.com/*'])
  const why =
    'clustertrustbundles.certificates.k8s.io "b" is forbidden: user not permitted to attest for signerName "other.example.com/a"'
  t.is(await ask('other.example.com/a'), why)
  t.is(await ask('other.example.com/a', bundle('other.example.com/a')), undefined)
})
