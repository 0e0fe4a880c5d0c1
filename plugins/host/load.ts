import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin, PluginType } from '../plugin.ts'
import { PluginError } from './errors.ts'

/** How a configuration names a plugin. */
export interface PluginReference {
  /** The name it goes by in messages and, for a built-in, its registered name. */
  name: string
  /** A file (absolute, or relative to `baseDir`) or an npm package. Left out for a built-in. */
  source?: string
  /** Handed to the plugin as it is. */
  config?: Record<string, unknown>
  /**
   * `process` runs it in a child process of its own: should it crash or hang, calls to it fail and it is started again,
   * and nobody else notices. The default for what has a `source`; built-ins run in process.
   */
  isolation?: 'none' | 'process'
}

/** Built-in plugins by type and name, each imported only when it is used. */
export type BuiltinPlugins = { [T in PluginType]?: Record<string, () => Promise<{ default: Plugin<T> }>> }

/** The module specifier to import for a `source`. */
export function sourceUrl(source: string, baseDir: string): string {
  const isFile = source.startsWith('.') || isAbsolute(source)
  return isFile ? pathToFileURL(resolve(baseDir, source)).href : source
}

/** Imports the module of a third party's plugin and checks that its default export is a plugin of the wanted type. */
export async function loadPlugin<T extends PluginType>(
  type: T,
  name: string,
  url: string,
): Promise<Plugin<T>> {
  const module = await import(url).catch(cause => {
    throw new PluginError('PLUGIN_NOT_FOUND', name, `cannot load ${url}: ${cause.message}`, { cause })
  })
  return checkPlugin(type, name, module.default, url)
}

function checkPlugin<T extends PluginType>(type: T, name: string, plugin: unknown, url: string): Plugin<T> {
  const fault = findFault(type, plugin)
  if (fault) throw new PluginError('PLUGIN_INVALID', name, `${url} ${fault}`)
  return plugin as Plugin<T>
}

function findFault(type: PluginType, plugin: unknown): string | undefined {
  if (typeof plugin !== 'object' || plugin === null) return 'has no default export made with definePlugin'
  const { type: found, name, version, start } = plugin as Partial<Plugin>
  if (found !== type) return `is a plugin of type ${JSON.stringify(found)}, expected "${type}"`
  if (typeof name !== 'string' || name === '') return 'has no "name"'
  if (typeof version !== 'string') return 'has no "version"'
  if (typeof start !== 'function') return 'has no function "start"'
  return undefined
}

/** Finds a built-in; the error lists those there are. */
export async function loadBuiltin<T extends PluginType>(
  builtins: BuiltinPlugins,
  type: T,
  name: string,
): Promise<Plugin<T>> {
  const table = builtins[type] as Record<string, () => Promise<{ default: Plugin<T> }>> | undefined
  const load = table?.[name]
  if (load) return (await load()).default
  const known = Object.keys(table ?? {}).join(', ') || 'none'
  const hint = `no built-in ${type} plugin of this name (there are: ${known}); for your own, give its "source"`
  throw new PluginError('PLUGIN_NOT_FOUND', name, hint)
}
