import { signingRequestColumns } from './columns/others.ts'
import { groupVersion } from './declare.ts'

const v1 = groupVersion('certificates.k8s.io', 'v1')

export const certificateSigningRequests = v1({
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  shortNames: ['csr'],
  namespaced: false,
  columns: signingRequestColumns,
  subresources: {
    status: true,
    other: { approval: { kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'] } },
  },
  fieldSelectors: { 'spec.signerName': request => request.spec?.signerName ?? '' },
})
