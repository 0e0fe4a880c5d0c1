import type { InstalledPlugin } from '../../setup.ts'

/** Tells which plugins cannot answer yet. A plugin that was ready once is not asked again. */
export function createReadiness(installed: () => readonly InstalledPlugin[]): () => string[] {
  const ready = new WeakSet<InstalledPlugin>()
  return () => {
    const waiting: string[] = []
    for (const plugin of installed()) {
      if (ready.has(plugin)) continue
      if (plugin.isReady?.() ?? true) ready.add(plugin)
      else waiting.push(plugin.name)
    }
    return waiting
  }
}
