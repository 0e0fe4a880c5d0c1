import type { DnsNext, DnsPlugin, DnsQuery, DnsReply, MaybePromise } from '../../plugins/dns.ts'
import type { Directive, ServerBlock } from './corefile/parse.ts'
import { CorefileError } from './corefile/tokens.ts'
import { pluginOrder, THIRD_PARTY_BEFORE } from './plugins/order.ts'
import { emptyReply } from './replies.ts'
import type { InstalledPlugin, SetupContext } from './setup.ts'

/** The plugins of one server block, set up. */
export interface Chain {
  zones: string[]
  port: number
  plugins: InstalledPlugin[]
  ask: DnsNext
}

/** Sets up a block's plugins in the order of the table. When one fails, those set up already are stopped. */
export async function buildChain(
  block: ServerBlock,
  thirdParty: ReadonlyMap<string, DnsPlugin>,
  context: SetupContext,
): Promise<Chain> {
  const steps = orderDirectives(block.directives, thirdParty)
  const plugins: InstalledPlugin[] = []
  try {
    for (const { directive, setUp } of steps) plugins.push(await setUpNamed(directive, setUp, context))
  } catch (error) {
    await stopPlugins(plugins)
    throw error
  }
  return { zones: block.zones, port: block.port, plugins, ask: linkAll(plugins) }
}

export async function stopPlugins(plugins: readonly InstalledPlugin[]): Promise<void> {
  await Promise.allSettled(plugins.map(async plugin => plugin.stop?.()))
}

interface Step {
  directive: Directive
  setUp(directive: Directive, context: SetupContext): InstalledPlugin | Promise<InstalledPlugin>
}

function orderDirectives(directives: Directive[], thirdParty: ReadonlyMap<string, DnsPlugin>): Step[] {
  const known = new Set(pluginOrder.map(({ name }) => name))
  const strange = directives.filter(({ name }) => !known.has(name))
  const strangers = strange.map(directive => {
    const plugin = thirdParty.get(directive.name)
    if (plugin) return { directive, setUp: () => plugin }
    throw new CorefileError(directive.line, `unknown plugin "${directive.name}"`)
  })
  return pluginOrder.flatMap(({ name, setUp, takesAllLines }) => {
    const named = directives.filter(directive => directive.name === name)
    const lines = takesAllLines && named.length > 0 ? [allLines(name, named)] : named
    const own = lines.map(directive => ({ directive, setUp }))
    return name === THIRD_PARTY_BEFORE ? [...strangers, ...own] : own
  })
}

const allLines = (name: string, directives: Directive[]): Directive => ({
  name,
  args: [],
  block: directives,
  line: directives[0]!.line,
})

async function setUpNamed(
  directive: Directive,
  setUp: Step['setUp'],
  context: SetupContext,
): Promise<InstalledPlugin> {
  try {
    return await setUp(directive, context)
  } catch (cause) {
    if (cause instanceof CorefileError) throw cause
    throw new CorefileError(directive.line, `${directive.name}: ${(cause as Error).message}`, { cause })
  }
}

/** Plugins that have nothing to say about queries are left out here and cost nothing. */
function linkAll(plugins: InstalledPlugin[]): DnsNext {
  const end: DnsNext = () => emptyReply('REFUSED')
  return plugins.reduceRight<DnsNext>(
    (next, plugin) => (plugin.resolve ? link(plugin as DnsPlugin, next) : next),
    end,
  )
}

function link(plugin: DnsPlugin, next: DnsNext): DnsNext {
  return (query: DnsQuery): MaybePromise<DnsReply> => {
    const reply = plugin.resolve(query, next)
    if (reply === undefined) return next(query)
    return reply instanceof Promise ? reply.then(found => found ?? next(query)) : reply
  }
}
