/** A plugin that could not be loaded, started or reached. `code` is stable; `plugin` is the name it was configured under. */
export class PluginError extends Error {
  readonly code:
    | 'PLUGIN_NOT_FOUND'
    | 'PLUGIN_INVALID'
    | 'PLUGIN_START_FAILED'
    | 'PLUGIN_CRASHED'
    | 'PLUGIN_TIMEOUT'
  readonly plugin: string

  constructor(code: PluginError['code'], plugin: string, message: string, options?: ErrorOptions) {
    super(`plugin "${plugin}": ${message}`, options)
    this.name = 'PluginError'
    this.code = code
    this.plugin = plugin
  }
}
