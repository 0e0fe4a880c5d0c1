import type { Condition, ObjectMeta } from '../meta/object.ts'
import { AGE, column, NAME } from './columns/common.ts'
import { groupVersion } from './declare.ts'

/** Tells who serves one version of an API group: this server itself, or another one behind a Service. */
export interface ApiService {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  spec: {
    group?: string
    version?: string
    groupPriorityMinimum: number
    versionPriority: number
    /** Left out for what is served here. */
    service?: { namespace: string; name: string; port?: number }
    /** PEM in base64. */
    caBundle?: string
    insecureSkipTLSVerify?: boolean
  }
  status?: { conditions?: Condition[] }
}

/** `True`, or why not. */
function availability({ status }: ApiService): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available')
  if (!condition) return 'Unknown'
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason})`
}

const v1 = groupVersion('apiregistration.k8s.io', 'v1')

export const apiServices = v1<ApiService>({
  kind: 'APIService',
  plural: 'apiservices',
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
  columns: [
    NAME,
    column('Service', ({ spec: { service } }) =>
      service ? `${service.namespace}/${service.name}` : 'Local',
    ),
    column('Available', availability),
    AGE,
  ],
  subresources: { status: true },
})
