import { pino } from 'pino'
import type { Logger } from '../plugins/plugin.ts'

/** The log of one process: JSON lines on standard error, level from SKIFF_LOG (info). */
export function createLog(part: string): Logger {
  const options = { name: part, level: process.env.SKIFF_LOG ?? 'info', base: { part } }
  return pino(options, pino.destination({ fd: 2, sync: true })) as unknown as Logger
}
