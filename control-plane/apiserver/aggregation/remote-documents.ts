import type { ApiService } from '../../../api/kinds/apiregistration.ts'
import type { OpenApiV2 } from '../../../api/schema/openapi/document.ts'
import { nested } from '../discovery/nested.ts'
import type { DiscoveredResource } from '../discovery/resources.ts'
import { askRemote, type Remote } from './remote.ts'

/** What a remote server says of the group version that it serves. */
export interface RemoteDocuments {
  /** As aggregated discovery has them: with their subresources inside. */
  resources: readonly object[]
  /** Where its OpenAPI v3 document is; absent where it has none. */
  openApiV3: { serverRelativeURL: string } | undefined
}

const AGGREGATED = ['v2', 'v2beta1']
  .map(version => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat('application/json')
  .join(',')

/** Reads discovery and the place of the OpenAPI document from a remote server. */
export async function readDocuments(remote: Remote, { spec }: ApiService): Promise<RemoteDocuments> {
  const { group = '', version = '' } = spec
  const [resources, openApiV3] = await Promise.all([
    readResources(remote, group, version),
    readOpenApiPlace(remote, group, version).catch(() => undefined),
  ])
  return { resources, openApiV3 }
}

async function readResources(remote: Remote, group: string, version: string): Promise<readonly object[]> {
  const { status, type, body } = await askRemote(remote, '/apis', AGGREGATED)
  if (status === 200 && type.includes('as=APIGroupDiscoveryList')) {
    const { items = [] } = JSON.parse(body)
    const found = items.find(({ metadata }: any) => metadata?.name === group)
    return found?.versions?.find((candidate: any) => candidate.version === version)?.resources ?? []
  }
  return await readLegacyResources(remote, group, version)
}

async function readLegacyResources(
  remote: Remote,
  group: string,
  version: string,
): Promise<readonly object[]> {
  const { status, body } = await askRemote(remote, `/apis/${group}/${version}`)
  if (status !== 200) throw new Error(`bad status from /apis/${group}/${version}: ${status}`)
  const { resources = [] } = JSON.parse(body) as { resources?: DiscoveredResource[] }
  return nested(resources)
}

async function readOpenApiPlace(
  remote: Remote,
  group: string,
  version: string,
): Promise<RemoteDocuments['openApiV3']> {
  const { status, body } = await askRemote(remote, '/openapi/v3')
  return status === 200 ? JSON.parse(body).paths?.[`apis/${group}/${version}`] : undefined
}

/** The OpenAPI v2 document of a remote server, undefined where it gives none. */
export async function readOpenApiV2(remote: Remote): Promise<OpenApiV2 | undefined> {
  try {
    const { status, body } = await askRemote(remote, '/openapi/v2')
    return status === 200 ? JSON.parse(body) : undefined
  } catch {
    return undefined
  }
}
