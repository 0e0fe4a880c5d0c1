import { Registry } from 'prom-client'
import { readEncryptionConfig } from '../../control-plane/store/encryption/configuration.ts'
import { ConfiguredEncryption } from '../../control-plane/store/encryption/encryption.ts'
import { EncryptionMetrics } from '../../control-plane/store/encryption/metrics.ts'
import { quietLog } from './log.ts'

/** The encryption that a file configures. */
export async function openEncryption(file: string): Promise<ConfiguredEncryption> {
  const metrics = new EncryptionMetrics(new Registry())
  return await ConfiguredEncryption.open(await readEncryptionConfig(file), { metrics, log: quietLog })
}
