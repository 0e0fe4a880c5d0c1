import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, Informer } from '../../../api/client/client.ts'
import { createInformerFactory } from '../../../api/client/informer.ts'
import { configMaps, secrets } from '../../../api/kinds/core.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { ConfigMap, Secret } from '../../../api/kinds/types.ts'
import { isNotFound, isStatusError } from '../../../api/meta/status.ts'
import type { VolumeSource } from '../../../plugins/volume.ts'

/** ConfigMaps and Secrets as a kubelet reads them: undefined for what is not there. */
export interface ObjectReader {
  configMap(namespace: string, name: string): Promise<Record<string, Buffer> | undefined>
  secret(namespace: string, name: string): Promise<Record<string, Buffer> | undefined>
  /**
   * Calls back when the object comes, changes or goes, until the returned function is called. All followers of an object
   * share one watch, which ends with the last of them. A followed object can be read while the API server is away.
   */
  follow(source: VolumeSource, onChange: () => void): () => void
}

type Data = ConfigMap | Secret

/** An object that Pods of this node are made from. */
interface Followed {
  informer: Informer<Data>
  listeners: Set<() => void>
  /** Ends the watch. */
  controller: AbortController
  /** The revision that was read last; the watch telling of it is no news. */
  read: string | undefined
}

/** The API server may hear of a Pod's binding later than we do, and refuse what the Pod refers to until then. */
const REFUSED_DELAYS = [50, 100, 200, 400, 800]
/**
 * Milliseconds an object is followed that no Pod is made from any more: the next Pod often needs the same (the cluster's
 * CA is in every one).
 */
const LINGER = 30_000
/** Milliseconds an answer may take before what is known already does. */
const DEADLINE = 5_000

/** Reads objects afresh each time they are asked for; calls for the same object at the same time share one request. */
export function createObjectReader(
  client: Client,
  signal: AbortSignal = new AbortController().signal,
): ObjectReader {
  const pending = new Map<string, Promise<Data | undefined>>()
  const followed = new Map<string, Followed>()

  const read = (source: VolumeSource): Promise<Data | undefined> => {
    const key = keyOf(source)
    const known = pending.get(key)
    if (known) return known
    const answer = ask(client, source, followed.get(key)).finally(() => pending.delete(key))
    pending.set(key, answer)
    return answer
  }
  const leave = (key: string, entry: Followed): void => {
    if (entry.listeners.size > 0 || followed.get(key) !== entry) return
    followed.delete(key)
    entry.controller.abort()
  }
  return {
    async configMap(namespace, name) {
      const object = (await read({ kind: 'ConfigMap', namespace, name })) as ConfigMap | undefined
      return object && { ...decode(object.data, 'utf8'), ...decode(object.binaryData, 'base64') }
    },
    async secret(namespace, name) {
      const object = (await read({ kind: 'Secret', namespace, name })) as Secret | undefined
      return object && decode(object.data, 'base64')
    },
    follow(source, onChange) {
      const key = keyOf(source)
      const entry = followed.get(key) ?? startFollowing(client, source, signal)
      followed.set(key, entry)
      const listener = (): void => onChange()
      entry.listeners.add(listener)
      return () => {
        entry.listeners.delete(listener)
        if (entry.listeners.size === 0) setTimeout(() => leave(key, entry), LINGER).unref()
      }
    },
  }
}

const keyOf = ({ kind, namespace, name }: VolumeSource): string => `${kind}/${namespace}/${name}`
const kindOf = ({ kind }: VolumeSource): KindDeclaration<Data> =>
  (kind === 'ConfigMap' ? configMaps : secrets) as KindDeclaration<Data>

/** The object as it is now; as it was last, when the API server cannot be reached. */
async function ask(
  client: Client,
  source: VolumeSource,
  followed: Followed | undefined,
): Promise<Data | undefined> {
  try {
    const object = await get(client, source)
    if (followed) followed.read = object.metadata.resourceVersion
    return object
  } catch (error) {
    if (isNotFound(error)) return undefined
    const known = followed?.informer.get(`${source.namespace}/${source.name}`)
    if (!known || isStatusError(error)) throw error
    return known
  }
}

async function get(client: Client, source: VolumeSource): Promise<Data> {
  const { namespace, name } = source
  for (const delay of [...REFUSED_DELAYS, undefined]) {
    try {
      const signal = AbortSignal.timeout(DEADLINE)
      return await client.get(kindOf(source), { namespace, name }, { signal })
    } catch (error) {
      if (!(isStatusError(error) && error.code === 403) || delay === undefined) throw error
      await sleep(delay)
    }
  }
  throw new Error('unreachable')
}

function startFollowing(client: Client, source: VolumeSource, signal: AbortSignal): Followed {
  const controller = new AbortController()
  const until = AbortSignal.any([signal, controller.signal])
  const { namespace, name } = source
  const informer = createInformerFactory(client, until).informer(kindOf(source), {
    namespace,
    fieldSelector: `metadata.name=${name}`,
  })
  const entry: Followed = { informer, listeners: new Set(), controller, read: undefined }
  const tell = ({ metadata, immutable }: Data): void => {
    // What never changes needs no watch; it is deleted only to be made anew, which a new Pod then reads.
    if (immutable) controller.abort()
    if (metadata.resourceVersion === entry.read) return
    for (const listener of entry.listeners) listener()
  }
  informer.addHandler({ added: tell, updated: tell, deleted: tell })
  return entry
}

const decode = (data: Record<string, string> | undefined, encoding: BufferEncoding): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)]))
