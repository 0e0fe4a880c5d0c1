import type { Client, Informer, InformerFactory } from '../../api/client/client.ts'
import { type KindDeclaration, resourceName } from '../../api/kinds/kind.ts'
import { type ApiObject, objectKey } from '../../api/meta/object.ts'

const PAUSE = 5
/** What is not seen by then is seen by the condition that a test waits for, or never. */
const DEADLINE = 60_000

interface Followed {
  kind: KindDeclaration<any>
  informer: Informer<any>
  /** The latest revision that a change had. */
  revision: number
}

/**
 * Informers that can be waited for: each kind's watch comes on its own, so what one has seen another may not have seen yet,
 * and none needs to have seen what was just written.
 */
export class CaughtUp {
  readonly factory: InformerFactory
  #client: Client
  #followed = new Map<string, Followed>()

  constructor(client: Client, factory: InformerFactory) {
    this.#client = client
    this.factory = {
      informer: (kind, scope) => {
        const informer = factory.informer(kind, scope)
        if (!scope) this.#follow(kind, informer)
        return informer
      },
    }
  }

  /** Resolves when the informer of a kind, or each there is, shows what was there when this was called. */
  async settled(kind?: KindDeclaration<any>): Promise<void> {
    const all = kind ? [this.#followed.get(resourceName(kind))!] : [...this.#followed.values()]
    await Promise.all(all.map(one => this.#settled(one)))
  }

  #follow(kind: KindDeclaration<any>, informer: Informer<any>): void {
    const name = resourceName(kind)
    if (this.#followed.has(name)) return
    const followed: Followed = { kind, informer, revision: 0 }
    this.#followed.set(name, followed)
    const note = ({ metadata }: ApiObject): void => {
      followed.revision = Math.max(followed.revision, Number(metadata.resourceVersion))
    }
    informer.addHandler({ added: note, updated: note, deleted: note })
  }

  async #settled(followed: Followed): Promise<void> {
    const { kind, informer } = followed
    await informer.synced()
    const { items, metadata } = await this.#client.list(kind)
    const hasSeen = (): boolean =>
      followed.revision >= Number(metadata.resourceVersion) || isSame(items, informer.list())
    for (const end = Date.now() + DEADLINE; !hasSeen() && Date.now() < end; ) {
      await new Promise(resolve => setTimeout(resolve, PAUSE))
    }
  }
}

/** Nothing tells an informer's revision when the last change before its list was a deletion. */
function isSame(listed: ApiObject[], cached: ApiObject[]): boolean {
  const revisions = new Map(cached.map(object => [objectKey(object), object.metadata.resourceVersion]))
  return (
    listed.length === cached.length &&
    listed.every(object => revisions.get(objectKey(object)) === object.metadata.resourceVersion)
  )
}
