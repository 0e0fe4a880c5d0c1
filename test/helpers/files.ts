import { existsSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

/** Resolves when a file is there; its folder must be. Fails after `timeout` milliseconds. */
export async function fileAppears(path: string, timeout = 120_000): Promise<void> {
  const changes = watch(dirname(path), { signal: AbortSignal.timeout(timeout) })
  if (existsSync(path)) return
  for await (const { filename } of changes) if (filename === basename(path)) return
}
