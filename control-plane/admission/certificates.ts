import { isDeepStrictEqual } from 'node:util'
import { resourceName } from '../../api/kinds/kind.ts'
import type { CertificateSigningRequest } from '../../api/kinds/types.ts'
import { forbidden } from '../../api/meta/status.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../plugins/admission.ts'
import { requestSubject } from '../auth/certificate-requests.ts'
import type { Authorizer } from '../auth/types.ts'

const GROUP = 'certificates.k8s.io'
const RESOURCE = { group: GROUP, plural: 'certificatesigningrequests' }
const MASTERS = 'system:masters'

const isRequest = ({ kind }: Pick<AdmissionAttributes, 'kind'>): boolean =>
  resourceName(kind) === 'certificatesigningrequests.certificates.k8s.io'

async function maySign(
  authorizer: Authorizer,
  { user }: AdmissionAttributes,
  verb: string,
  signer: string,
): Promise<boolean> {
  const domain = signer.split('/')[0]
  for (const name of [signer, `${domain}/*`]) {
    const { allowed } = await authorizer.authorize({
      user,
      verb,
      isResourceRequest: true,
      apiGroup: GROUP,
      apiVersion: '*',
      resource: 'signers',
      name,
    })
    if (allowed === 'allow') return true
  }
  return false
}

/** Who approves a request, and who signs it, must be allowed to for its signer. */
export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    handles: attributes =>
      attributes.operation === 'UPDATE' && attributes.subresource === 'approval' && isRequest(attributes),
    async validate(attributes) {
      const { signerName } = (attributes.oldObject as CertificateSigningRequest).spec
      if (await maySign(authorizer, attributes, 'approve', signerName)) return
      const why = `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`
      throw forbidden(RESOURCE, attributes.name, why)
    },
  }
}

export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    handles: attributes =>
      attributes.operation === 'UPDATE' && attributes.subresource === 'status' && isRequest(attributes),
    async validate(attributes) {
      const wanted = attributes.object as CertificateSigningRequest
      const old = attributes.oldObject as CertificateSigningRequest
      const isSame =
        wanted.status?.certificate === old.status?.certificate &&
        isDeepStrictEqual(wanted.status?.conditions ?? [], old.status?.conditions ?? [])
      const { signerName } = old.spec
      if (isSame || (await maySign(authorizer, attributes, 'sign', signerName))) return
      const why = `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`
      throw forbidden(RESOURCE, attributes.name, why)
    },
  }
}

/** Who says that certificates of a bundle are a signer's must be allowed to for it. */
export function trustBundleAttest(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'ClusterTrustBundleAttest',
    handles: ({ operation, kind, subresource }) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      subresource === '' &&
      resourceName(kind) === 'clustertrustbundles.certificates.k8s.io',
    async validate(attributes) {
      const { kind, object, oldObject, name } = attributes
      const signerName: string = object!.spec?.signerName ?? ''
      const isSame = oldObject && isDeepStrictEqual(object!.spec, oldObject.spec)
      if (signerName === '' || isSame) return
      if (await maySign(authorizer, attributes, 'attest', signerName)) return
      const why = `user not permitted to attest for signerName ${JSON.stringify(signerName)}`
      throw forbidden(kind, object!.metadata.name || name, why)
    },
  }
}

/** No certificate makes a client a master of the cluster. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  handles: attributes =>
    attributes.operation === 'CREATE' && attributes.subresource === '' && isRequest(attributes),
  validate({ object, name }) {
    const { signerName, request } = (object as CertificateSigningRequest).spec
    if (signerName !== 'kubernetes.io/kube-apiserver-client') return
    if (!requestSubject(request).organizations.includes(MASTERS)) return
    const why = `use of ${signerName} signer with ${MASTERS} group is not allowed`
    throw forbidden(RESOURCE, object?.metadata.name || name, why)
  },
}
