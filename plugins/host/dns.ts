import type { DnsPlugin, DnsQuery, DnsReply } from '../dns.ts'
import { PluginError } from './errors.ts'
import type { PluginHost } from './host.ts'
import type { PluginReference } from './load.ts'

/** A plugin of a process of its own that hangs must not hang the server: so long it has for an answer (milliseconds). */
const DEADLINE = 2_000

/** What the methods of a {@link DnsPlugin} are when they are called in another process. */
interface RemoteDnsPlugin {
  name: string
  resolve(query: DnsQuery): Promise<DnsReply | undefined>
  isReady?(): Promise<boolean>
  stop?(): Promise<void>
}

/** Starts the DNS plugin a configuration names, by the door all plugins come in. */
export async function startDnsPlugin(host: PluginHost, reference: PluginReference): Promise<DnsPlugin> {
  const plugin = await host.start('dns', reference)
  const isRemote = reference.source !== undefined && reference.isolation !== 'none'
  return isRemote ? fromRemote(plugin as unknown as RemoteDnsPlugin, reference.name) : plugin
}

/** It gets no `next` (a function cannot be sent), and its readiness is asked ahead of time. */
function fromRemote(remote: RemoteDnsPlugin, name: string): DnsPlugin {
  let isReady = remote.isReady === undefined
  return {
    name: remote.name,
    resolve: query => withDeadline(remote.resolve(query), name),
    isReady() {
      remote.isReady?.().then(
        now => {
          isReady = now
        },
        () => {},
      )
      return isReady
    },
    ...(remote.stop && { stop: () => remote.stop!() }),
  }
}

async function withDeadline<T>(answer: Promise<T>, name: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const why = `gave no answer in ${DEADLINE / 1000} s`
    timer = setTimeout(() => reject(new PluginError('PLUGIN_TIMEOUT', name, why)), DEADLINE)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
