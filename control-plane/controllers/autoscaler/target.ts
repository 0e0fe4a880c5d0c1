import type { Client } from '../../../api/client/client.ts'
import type { ApiObject } from '../../../api/meta/object.ts'

interface Reference {
  apiVersion?: string
  kind: string
  name: string
}

interface ResourceList {
  resources: { name: string; kind: string }[]
}

const groupVersionPath = (apiVersion = 'v1'): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`

/** Finds what an autoscaler scales, whatever kind it is: discovery tells its path. */
export class ScaleTargets {
  #client: Client
  #plurals = new Map<string, string>()

  constructor(client: Client) {
    this.#client = client
  }

  /** The plural of a kind. @throws Error when the server does not know it */
  async plural({ apiVersion, kind }: Pick<Reference, 'apiVersion' | 'kind'>): Promise<string> {
    const id = `${apiVersion} ${kind}`
    const known = this.#plurals.get(id)
    if (known) return known
    const { resources } = await this.#client.request<ResourceList>('GET', groupVersionPath(apiVersion))
    const found = resources.find(resource => resource.kind === kind && !resource.name.includes('/'))
    if (!found)
      throw new Error(`no matches for kind "${kind}" in group "${(apiVersion ?? '').split('/')[0]}"`)
    this.#plurals.set(id, found.name)
    return found.name
  }

  async get(namespace: string, reference: Reference): Promise<ApiObject> {
    return this.#client.request<ApiObject>('GET', await this.#path(namespace, reference))
  }

  async resize(namespace: string, reference: Reference, scale: ApiObject, replicas: number): Promise<void> {
    const body = { ...scale, spec: { ...scale.spec, replicas } }
    await this.#client.request('PUT', await this.#path(namespace, reference), body)
  }

  async #path(namespace: string, reference: Reference): Promise<string> {
    const plural = await this.plural(reference)
    return `${groupVersionPath(reference.apiVersion)}/namespaces/${namespace}/${plural}/${reference.name}/scale`
  }
}
