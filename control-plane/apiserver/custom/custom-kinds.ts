import { createHash } from 'node:crypto'
import type { InformerFactory } from '../../../api/client/client.ts'
import {
  type CustomResourceDefinition,
  type CustomVersion,
  customResourceDefinitions,
} from '../../../api/kinds/apiextensions.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import { cloneJson } from '../../../api/meta/clone.ts'
import type { SchemaSet } from '../../../api/schema/schemas.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import { isConditionTrue } from '../../registry/crd/conditions.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { declarationOf } from './declaration.ts'
import { customStrategy } from './strategy.ts'
import { type Converter, convertNothing, createView } from './view.ts'
import type { ViewStore } from './view-store.ts'
import { webhookConverter } from './webhook-converter.ts'

export interface CustomKindsOptions {
  informers: InformerFactory
  kinds: KindRegistry
  schemas: SchemaSet
  views: ViewStore
  log: Logger
  /** Called when other kinds are served. */
  changed(): void
}

interface Served {
  stamp: string
  isTerminating: boolean
  kinds: KindDeclaration[]
}

/**
 * Serves what the CustomResourceDefinitions declare, for as long as they declare it. Everything is made from the
 * definitions in the store: any number of API servers serve the same.
 */
export class CustomKinds {
  #options: CustomKindsOptions
  #served = new Map<string, Served>()

  constructor(options: CustomKindsOptions) {
    this.#options = options
  }

  /** Resolves when all that is defined by now is served. */
  async start(): Promise<void> {
    const informer = this.#options.informers.informer(customResourceDefinitions)
    const sync = (definition: CustomResourceDefinition): void => this.#sync(definition)
    informer.addHandler({
      added: sync,
      updated: sync,
      deleted: definition => this.#remove(definition.metadata.name),
    })
    await informer.synced()
  }

  #sync(definition: CustomResourceDefinition): void {
    const { name } = definition.metadata
    const stamp = isConditionTrue(definition, 'Established') ? stampOf(definition) : undefined
    const served = this.#served.get(name)
    if (served?.stamp === stamp) {
      if (served) this.#noteTermination(served, definition)
      return
    }
    this.#remove(name)
    if (stamp === undefined) return
    try {
      this.#serve(definition, stamp)
    } catch (error) {
      this.#options.log.error(
        { definition: name, error: (error as Error).message },
        'cannot serve custom kind',
      )
    }
  }

  /** Discovery tells that nothing new is made any more; all else goes on until the definition is gone. */
  #noteTermination(served: Served, definition: CustomResourceDefinition): void {
    const isTerminating = isConditionTrue(definition, 'Terminating')
    if (served.isTerminating === isTerminating) return
    served.isTerminating = isTerminating
    this.#options.kinds.generation++
    this.#options.changed()
  }

  #serve(definition: CustomResourceDefinition, stamp: string): void {
    const kinds: KindDeclaration[] = []
    const isTerminating = isConditionTrue(definition, 'Terminating')
    this.#served.set(definition.metadata.name, { stamp, kinds, isTerminating })
    for (const version of definition.spec.versions) {
      if (version.served) this.#serveVersion(definition, version, stamp, kinds)
    }
    this.#options.changed()
  }

  #serveVersion(
    definition: CustomResourceDefinition,
    version: CustomVersion,
    stamp: string,
    served: KindDeclaration[],
  ): void {
    const { kinds, schemas, views, informers } = this.#options
    const { spec, metadata } = definition
    const kind = declarationOf(definition, definition.status!.acceptedNames!, version)
    const { group, plural } = kind
    if (kinds.find(group, kind.version, plural)) return
    const type = `${metadata.name}@${version.name}`
    const versions = new Map(spec.versions.map(each => [each.name, each.schema?.openAPIV3Schema]))
    const schema = versions.get(version.name)
    views.define(
      type,
      createView({
        type: metadata.name,
        group,
        version: version.name,
        storageVersion: spec.versions.find(({ storage }) => storage)!.name,
        schemaOf: name => versions.get(name),
        convert: this.#converter(definition),
      }),
    )
    const { listKind = '' } = kind
    schemas.custom.set(kind.schema, {
      group,
      version: kind.version,
      kind: kind.kind,
      listKind,
      plural,
      schema,
      stamp,
    })
    schemas.mergeTypes.set(kind.schema, schema)
    const informer = informers.informer(customResourceDefinitions)
    const isTerminating = () => informer.get(metadata.name)?.metadata.deletionTimestamp !== undefined
    kind.isTerminating = () => this.#served.get(metadata.name)?.isTerminating ?? false
    const resource = kinds.add(kind, customStrategy({ resource: kind, version, isTerminating }), type)
    const convert = this.#converter(definition)
    if (convert !== convertNothing)
      resource.convert = async (object, to) => (await convert([cloneJson(object)], to))[0]!
    served.push(kind)
  }

  #converter({ spec }: CustomResourceDefinition): Converter {
    const { strategy, webhook } = spec.conversion ?? {}
    if (strategy !== 'Webhook' || !webhook) return convertNothing
    return webhookConverter(spec.names.kind, webhook, this.#options.informers)
  }

  #remove(name: string): void {
    const served = this.#served.get(name)
    if (!served) return
    this.#served.delete(name)
    for (const kind of served.kinds) {
      this.#options.kinds.remove(kind)
      this.#options.schemas.custom.delete(kind.schema)
      this.#options.schemas.mergeTypes.delete(kind.schema)
      this.#options.views.forget(`${name}@${kind.version}`)
    }
    this.#options.changed()
  }
}

/** Changes with all that decides how a definition's objects are served. */
function stampOf({ metadata, spec, status }: CustomResourceDefinition): string {
  const parts = [metadata.uid, spec, status?.acceptedNames]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
