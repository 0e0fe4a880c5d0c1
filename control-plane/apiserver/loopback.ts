import type {
  Client,
  DeleteOptions,
  ListOptions,
  ObjectName,
  Patch,
  WatchOptions,
  WriteOptions,
} from '../../api/client/client.ts'
import { apiVersion, type KindDeclaration, listKindOf } from '../../api/kinds/kind.ts'
import { cloneJson } from '../../api/meta/clone.ts'
import type { ApiObject, List, WatchEvent } from '../../api/meta/object.ts'
import { pathNotFound, type Status, StatusError } from '../../api/meta/status.ts'
import type { UserInfo } from '../auth/types.ts'
import type { Entry } from './cache/entry.ts'
import { applyPatch } from './handlers/patch.ts'
import type { KindRegistry } from './kind-registry.ts'
import { listMeta } from './representation/send.ts'
import { applyTo } from './rest/apply.ts'
import type { Core, Target, WriteContext } from './rest/core.ts'
import { create } from './rest/create.ts'
import { remove } from './rest/delete.ts'
import { removeCollection } from './rest/delete-collection.ts'
import { get } from './rest/get.ts'
import { list } from './rest/list.ts'
import { fromStored, storageOf, toStored } from './rest/storage.ts'
import { update } from './rest/update.ts'
import { eventQueue } from './watch/event-queue.ts'
import { openWatch } from './watch/watch.ts'

/** Who the API server is when it acts by itself. */
export const SELF: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

/**
 * A client of the API server within its own process: the same verbs without a connection. Nothing is asked of the
 * authorizer; admission and validation hold as for everybody.
 */
export function createLoopbackClient(core: Core, kinds: KindRegistry): Client {
  return new LoopbackClient(core, kinds)
}

class LoopbackClient implements Client {
  #core: Core
  #kinds: KindRegistry

  constructor(core: Core, kinds: KindRegistry) {
    this.#core = core
    this.#kinds = kinds
  }

  async get<T extends ApiObject>(kind: KindDeclaration<T>, name: ObjectName): Promise<T> {
    const entry = await get(this.#kinds.of(kind), targetOf(kind, name))
    return entry.copy() as T
  }

  async list<T extends ApiObject>(kind: KindDeclaration<T>, options: ListOptions = {}): Promise<List<T>> {
    const page = await list(this.#kinds.of(kind), options)
    return {
      apiVersion: apiVersion(kind),
      kind: listKindOf(kind),
      metadata: listMeta(page),
      items: page.entries.map(entry => entry.copy() as T),
    }
  }

  async *watch<T extends ApiObject>(
    kind: KindDeclaration<T>,
    options: WatchOptions = {},
  ): AsyncIterable<WatchEvent<T>> {
    const run = await openWatch(this.#core.store, this.#kinds.of(kind), options)
    const queue = eventQueue(options.signal, options.timeoutSeconds)
    void run(queue.sink)
    for await (const event of queue.events) {
      if (event.type === 'ERROR') throw new StatusError(event.object as unknown as Status)
      yield event as WatchEvent<T>
    }
  }

  async create<T extends ApiObject>(
    kind: KindDeclaration<T>,
    object: object,
    options: WriteOptions = {},
  ): Promise<T> {
    const body = cloneJson(object) as ApiObject
    const { namespace } = body.metadata ?? {}
    const resource = this.#kinds.of(kind)
    const wanted = toStored(resource, body)
    const { entry } = await create(this.#core, storageOf(resource), namespace, wanted, contextOf(options), {
      form: resource,
    })
    return fromStored(resource, entry).copy() as T
  }

  async update<T extends ApiObject>(
    kind: KindDeclaration<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const target = targetOf(kind, object.metadata)
    const apply = () => cloneJson(object) as ApiObject
    return await this.#update(kind, target, apply, options)
  }

  async patch<T extends ApiObject>(
    kind: KindDeclaration<T>,
    name: ObjectName,
    patch: Patch,
    options: WriteOptions & { force?: boolean } = {},
  ): Promise<T> {
    if (patch.type === 'apply') return await this.#apply(kind, targetOf(kind, name), patch.body, options)
    const apply = (object: ApiObject) => {
      const own = { ...patch, body: cloneJson(patch.body) }
      return applyPatch(this.#core, kind as KindDeclaration<any>, object, own)
    }
    return await this.#update(kind, targetOf(kind, name), apply, options)
  }

  async #update<T extends ApiObject>(
    kind: KindDeclaration<T>,
    target: Target,
    apply: (object: ApiObject) => ApiObject,
    options: WriteOptions,
  ): Promise<T> {
    const resource = this.#kinds.of(kind)
    const request = {
      target,
      form: resource,
      subresource: options.subresource ?? '',
      apply(current: Entry | undefined) {
        const before = current ? fromStored(resource, current).copy() : ({} as ApiObject)
        return toStored(resource, apply(before))
      },
    }
    const { entry } = await update(this.#core, storageOf(resource), request, contextOf(options))
    return fromStored(resource, entry).copy() as T
  }

  async #apply<T extends ApiObject>(
    kind: KindDeclaration<T>,
    target: Target,
    config: unknown,
    { force = false, ...options }: WriteOptions & { force?: boolean },
  ): Promise<T> {
    const { subresource = '' } = options
    const resource = this.#kinds.of(kind)
    const context = contextOf(options)
    const request = { subresource, config: config as ApiObject, force }
    const apply = async (current: Entry | undefined) => {
      const before = current && fromStored(resource, current)
      return toStored(resource, await applyTo(this.#core, resource, before, request, context))
    }
    const write = { target, subresource, apply, isApplied: true, form: resource }
    const { entry } = await update(this.#core, storageOf(resource), write, context)
    return fromStored(resource, entry).copy() as T
  }

  async delete<T extends ApiObject>(
    kind: KindDeclaration<T>,
    name: ObjectName,
    options: DeleteOptions = {},
  ): Promise<void> {
    await remove(this.#core, storageOf(this.#kinds.of(kind)), targetOf(kind, name), options, contextOf({}))
  }

  async deleteCollection<T extends ApiObject>(
    kind: KindDeclaration<T>,
    options: ListOptions & DeleteOptions = {},
  ): Promise<void> {
    await removeCollection(this.#core, this.#kinds.of(kind), options, options, contextOf({}))
  }

  /** Paths outside the kinds are only served over a connection. */
  async request<R>(): Promise<R> {
    throw pathNotFound()
  }

  close(): void {}
}

function targetOf<T>(kind: KindDeclaration<T>, { name, namespace }: ObjectName): Target {
  return { name, namespace: kind.namespaced ? namespace : undefined }
}

const contextOf = ({ dryRun = false, fieldManager = 'kube-apiserver' }: WriteOptions): WriteContext => ({
  user: SELF,
  dryRun,
  fieldManager,
  warn() {},
})
