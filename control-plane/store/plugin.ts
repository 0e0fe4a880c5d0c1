import { definePlugin } from '../../plugins/plugin.ts'
import { openStore } from './redis-store.ts'

/** The built-in store. `config.url` is a store URL (docs/store.md). */
export default definePlugin({
  type: 'store',
  name: 'redis',
  version: '1.0.0',
  start({ config: { url }, log, signal }) {
    if (typeof url !== 'string')
      throw new Error(`config.url: expected a store URL, got ${JSON.stringify(url)}`)
    return openStore({ url, log, signal })
  },
})
