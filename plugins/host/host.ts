import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger, Plugin, PluginContext, PluginInterfaces, PluginType } from '../plugin.ts'
import { PluginError } from './errors.ts'
import { startIsolated } from './isolated.ts'
import { type BuiltinPlugins, loadBuiltin, loadPlugin, type PluginReference, sourceUrl } from './load.ts'

/** What all plugins of one process share. */
export interface PluginHostOptions {
  builtins: BuiltinPlugins
  /** Relative `source`s are found from here (the folder of the configuration file). */
  baseDir: string
  /** Each plugin gets a directory of its own below it. */
  dataDir: string
  node?: { name: string; addresses: string[] }
  log: Logger
  signal: AbortSignal
  /** Milliseconds a plugin may take to start. */
  startTimeout?: number
}

/** Starts plugins named in a configuration: the same door for built-ins and for a third party's. */
export interface PluginHost {
  start<T extends PluginType>(type: T, reference: PluginReference): Promise<PluginInterfaces[T]>
}

export function createPluginHost(options: PluginHostOptions): PluginHost {
  return {
    async start(type, reference) {
      const context = await pluginContext(type, reference, options)
      const url = reference.source && sourceUrl(reference.source, options.baseDir)
      if (url && reference.isolation !== 'none') {
        return startIsolated({ type, url, context, startTimeout: startTimeout(options) })
      }
      const plugin = url
        ? await loadPlugin(type, reference.name, url)
        : await loadBuiltin(options.builtins, type, reference.name)
      return startInProcess(plugin, context, startTimeout(options))
    },
  }
}

const startTimeout = (options: PluginHostOptions): number => options.startTimeout ?? 30_000

async function pluginContext(
  type: PluginType,
  reference: PluginReference,
  options: PluginHostOptions,
): Promise<PluginContext> {
  const dataDir = join(options.dataDir, type, reference.name)
  await mkdir(dataDir, { recursive: true })
  return {
    name: reference.name,
    config: reference.config ?? {},
    log: options.log.child({ plugin: reference.name }),
    signal: options.signal,
    dataDir,
    ...(options.node && { node: options.node }),
  }
}

async function startInProcess<T extends PluginType>(
  plugin: Plugin<T>,
  context: PluginContext,
  timeout: number,
): Promise<PluginInterfaces[T]> {
  const deadline = AbortSignal.timeout(timeout)
  const late = new Promise<never>((_, reject) => {
    deadline.addEventListener('abort', () => {
      reject(new PluginError('PLUGIN_TIMEOUT', context.name, `start took longer than ${timeout / 1000} s`))
    })
  })
  try {
    return await Promise.race([plugin.start(context), late])
  } catch (cause) {
    if (cause instanceof PluginError) throw cause
    throw new PluginError('PLUGIN_START_FAILED', context.name, (cause as Error).message, { cause })
  }
}
