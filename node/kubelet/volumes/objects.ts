import type { Client } from '../../../api/client/client.ts'
import { configMaps, secrets } from '../../../api/kinds/core.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ApiObject } from '../../../api/meta/object.ts'
import { isNotFound } from '../../../api/meta/status.ts'

/** ConfigMaps and Secrets as a kubelet reads them: undefined for what is not there. */
export interface ObjectReader {
  configMap(namespace: string, name: string): Promise<Record<string, Buffer> | undefined>
  secret(namespace: string, name: string): Promise<Record<string, Buffer> | undefined>
}

/** How long one answer serves all Pods that refer to the same object, in milliseconds. */
const FRESH = 1_000

export function createObjectReader(client: Client): ObjectReader {
  const answers = new Map<string, { at: number; object: Promise<ApiObject | undefined> }>()
  const read = <T extends ApiObject>(
    kind: KindDeclaration<T>,
    namespace: string,
    name: string,
  ): Promise<T | undefined> => {
    const key = `${kind.plural}/${namespace}/${name}`
    const known = answers.get(key)
    if (known && Date.now() - known.at < FRESH) return known.object as Promise<T | undefined>
    const object = client.get(kind, { namespace, name }).catch(error => {
      if (isNotFound(error)) return undefined
      answers.delete(key)
      throw error
    })
    answers.set(key, { at: Date.now(), object })
    setTimeout(() => answers.delete(key), FRESH).unref()
    return object
  }
  return {
    async configMap(namespace, name) {
      const object = await read(configMaps, namespace, name)
      return object && { ...decode(object.data, 'utf8'), ...decode(object.binaryData, 'base64') }
    },
    async secret(namespace, name) {
      const object = await read(secrets, namespace, name)
      return object && decode(object.data, 'base64')
    },
  }
}

const decode = (data: Record<string, string> | undefined, encoding: BufferEncoding): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)]))
