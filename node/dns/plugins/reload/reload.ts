import { readFile } from 'node:fs/promises'
import type { Logger } from '../../../../plugins/plugin.ts'
import type { InstalledPlugin } from '../../setup.ts'

/**
 * Loads the Corefile anew when its text changed. The file is read, not watched: one that a ConfigMap or an editor
 * replaces is another file each time.
 */
export function createReload(
  options: { corefile: string | undefined; interval: number; jitter: number; reload(): Promise<void> },
  log: Logger,
): InstalledPlugin {
  const { corefile, interval, jitter } = options
  if (!corefile) return { name: 'reload' }
  let timer: NodeJS.Timeout
  let known: string | undefined
  const look = async (): Promise<void> => {
    const text = await readFile(corefile, 'utf8').catch(() => undefined)
    const isChanged = text !== undefined && known !== undefined && text !== known
    known = text ?? known
    again()
    if (isChanged) await options.reload().catch(error => log.error({ error: error.message }, NOT_LOADED))
  }
  const again = (): void => {
    timer = setTimeout(look, (interval + Math.random() * jitter) * 1000).unref()
  }
  void look()
  return { name: 'reload', stop: () => clearTimeout(timer) }
}

const NOT_LOADED = 'the changed Corefile cannot be used, the old one stays'
