import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Logger } from '../../../plugins/plugin.ts'
import type { RuntimePlugin } from '../../../plugins/runtime.ts'

/** Limits of a container's log (KubeletConfiguration's containerLogMax…). */
export interface LogLimits {
  /** Bytes. */
  maxSize: number
  /** Files a container may have, the one in use included. */
  maxFiles: number
}

interface LogRotationOptions {
  runtime: RuntimePlugin
  limits: LogLimits
  /** Milliseconds between two looks. */
  period: number
  log: Logger
  signal: AbortSignal
}

/** Moves logs of running containers away when they have grown too large, and keeps only the last few, compressed. */
export function rotateLogs(options: LogRotationOptions): void {
  const { runtime, log, signal } = options
  if (!runtime.reopenContainerLog) return
  let isBusy = false
  const timer = setInterval(async () => {
    if (isBusy) return
    isBusy = true
    await rotateAll(options).catch(error => log.warn({ error: error.message }, 'container logs not rotated'))
    isBusy = false
  }, options.period)
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}

async function rotateAll({ runtime, limits, log }: LogRotationOptions): Promise<void> {
  for (const { id, state } of await runtime.listContainers()) {
    if (state !== 'CONTAINER_RUNNING') continue
    try {
      const { logPath } = await runtime.containerStatus(id)
      const size = (await stat(logPath).catch(() => undefined))?.size ?? 0
      if (logPath && size >= limits.maxSize) await rotateLog(runtime, id, logPath, limits)
    } catch (error) {
      log.warn({ container: id, error: (error as Error).message }, 'container log not rotated')
    }
  }
}

/**
 * Moves one log away. The file moved last stays as it is, for those who still follow it; older ones are compressed; the
 * oldest go. Whatever a crash leaves half done is finished the next time.
 */
export async function rotateLog(
  runtime: RuntimePlugin,
  containerId: string,
  path: string,
  { maxFiles }: LogLimits,
): Promise<void> {
  const rotated = await rotatedLogs(path)
  const kept = Math.max(0, maxFiles - 2)
  const old = rotated.slice(0, Math.max(0, rotated.length - kept))
  await Promise.all(old.map(file => rm(file, { force: true })))
  for (const file of rotated.slice(old.length)) if (!file.endsWith('.gz')) await compress(file)
  const moved = `${path}.${timestamp()}`
  await rename(path, moved)
  try {
    await runtime.reopenContainerLog!(containerId)
  } catch (error) {
    await rename(moved, path)
    throw error
  }
}

/** Rotated files of a log, oldest first; half-made ones of a crash are removed. */
async function rotatedLogs(path: string): Promise<string[]> {
  const directory = dirname(path)
  const names = (await readdir(directory)).filter(name => name.startsWith(`${basename(path)}.`)).sort()
  const unfinished = names.filter(name => name.endsWith('.tmp'))
  await Promise.all(unfinished.map(name => rm(join(directory, name), { force: true })))
  return names.filter(name => !name.endsWith('.tmp')).map(name => join(directory, name))
}

async function compress(path: string): Promise<void> {
  await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.gz.tmp`))
  await rename(`${path}.gz.tmp`, `${path}.gz`)
  await rm(path, { force: true })
}

/** As a kubelet writes it: `20261121-062450`. */
const timestamp = (): string => new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
