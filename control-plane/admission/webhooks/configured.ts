import type { InformerFactory } from '../../../api/client/client.ts'
import type { AdmissionWebhook, WebhookConfiguration } from '../../../api/kinds/admission-types.ts'
import type { KindDeclaration } from '../../../api/kinds/kind.ts'
import type { Logger } from '../../../plugins/plugin.ts'
import type { MatchConditions } from '../expressions/match-conditions.ts'
import { type CompiledSelection, compileSelection } from '../matching/selection.ts'

/** A webhook, ready to be asked. */
export interface Hook {
  /** Tells webhooks apart where a configuration has two of one name. */
  id: string
  configuration: string
  webhook: AdmissionWebhook
  selection: CompiledSelection
  /** Compiled when a request first comes that they have to be tested on. */
  conditions?: Promise<MatchConditions>
}

/** The webhooks of all configurations of a kind, made anew when one of them changes. */
export class ConfiguredHooks {
  /** In the order in which they are asked: by the names of their configurations. */
  hooks: readonly Hook[] = []
  #kind: KindDeclaration<WebhookConfiguration>
  #informers: InformerFactory
  #log: Logger

  constructor(kind: KindDeclaration<WebhookConfiguration>, informers: InformerFactory, log: Logger) {
    this.#kind = kind
    this.#informers = informers
    this.#log = log
  }

  /** Follows the configurations from now on; resolves when those there are have been read. */
  async start(): Promise<void> {
    const informer = this.#informers.informer(this.#kind)
    const compiled = new Map<string, Hook[]>()
    const update = (): void => {
      const names = [...compiled.keys()].sort()
      this.hooks = names.flatMap(name => compiled.get(name)!)
    }
    const put = (configuration: WebhookConfiguration): void => {
      compiled.set(configuration.metadata.name, this.#compile(configuration))
      update()
    }
    informer.addHandler({
      added: put,
      updated: put,
      deleted({ metadata }) {
        compiled.delete(metadata.name)
        update()
      },
    })
    await informer.synced()
  }

  #compile({ metadata, webhooks = [] }: WebhookConfiguration): Hook[] {
    return webhooks.flatMap((webhook, i) => {
      const id = `${metadata.name}/${webhook.name}/${i}`
      try {
        return [{ id, configuration: metadata.name, webhook, selection: compileSelection(webhook) }]
      } catch (error) {
        this.#log.error({ webhook: id, error: (error as Error).message }, 'cannot use webhook')
        return []
      }
    })
  }
}
