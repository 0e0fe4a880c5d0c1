import { setTimeout as sleep } from 'node:timers/promises'
import { loadKubeconfig } from '../../../api/client/kubeconfig.ts'
import { createTransport, type Transport } from '../../../api/client/transport.ts'
import type { AuditTarget } from './backend.ts'
import type { AuditRecord } from './record.ts'

/** Of one attempt. Milliseconds. */
const CALL_DEADLINE = 30_000
/** Upstream's retries: so many attempts in all, each wait longer than the one before it, and uneven. */
const ATTEMPTS = 5
const FACTOR = 1.5
const JITTER = 0.2

/** What every event begins with, which the items of a list do not. */
const HEAD = '{"kind":"Event","apiVersion":"audit.k8s.io/v1",'

/**
 * A webhook that events are posted to as an EventList.
 * @param file a kubeconfig that says where it is, whom to trust and how to be trusted
 * @param initialBackoff milliseconds before the second attempt
 * @throws KubeconfigError
 */
export async function openWebhookTarget(file: string, initialBackoff: number): Promise<AuditTarget> {
  const config = await loadKubeconfig(file)
  const transport = createTransport({ ...config, userAgent: 'kube-apiserver-audit' })
  const path = new URL(config.server).pathname === '/' ? '/' : ''
  return {
    name: 'webhook',
    send: (records, signal) => sendWithRetries(transport, path, listOf(records), initialBackoff, signal),
    async close() {
      transport.close()
    },
  }
}

async function sendWithRetries(
  transport: Transport,
  path: string,
  body: string,
  initialBackoff: number,
  signal: AbortSignal,
): Promise<void> {
  let delay = initialBackoff
  for (let attempt = 1; ; attempt++) {
    try {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(CALL_DEADLINE)])
      await transport.send({ method: 'POST', path, body, signal: limited })
      return
    } catch (error) {
      if (attempt === ATTEMPTS || signal.aborted) throw error
      // Whoever ends the wait is to hear why the events are not there.
      await sleep(delay * (1 + Math.random() * JITTER), undefined, { signal }).catch(() => {
        throw error
      })
      delay *= FACTOR
    }
  }
}

function listOf(records: readonly AuditRecord[]): string {
  const items = records.map(({ text }) => (text.startsWith(HEAD) ? `{${text.slice(HEAD.length)}` : text))
  return `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items.join(',')}]}`
}
