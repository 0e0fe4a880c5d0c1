import type { Client } from '../../../api/client/client.ts'
import { serviceAccounts } from '../../../api/kinds/core.ts'
import type { Pod } from '../../../api/kinds/types.ts'

/** A token of a Pod's service account, and when it is to be had anew (milliseconds since the epoch). */
export interface PodToken {
  token: string
  renewAt: number
}

export interface TokenSource {
  /** A token bound to the Pod; the same one until four fifths of its life (or a day) are over. */
  token(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<PodToken>
  /** Forgets the tokens of a Pod that is gone. */
  forget(podUid: string): void
}

interface Known extends PodToken {
  expiresAt: number
}

const RENEW_AT = 0.8
const LONGEST_USE = 24 * 3_600_000
/** Tokens that were asked for at the same time are not renewed at the same time (milliseconds). */
const JITTER = 10_000
/** How soon to ask again when a token could not be renewed. */
const RETRY = 30_000

export function createTokenSource(client: Client): TokenSource {
  const tokens = new Map<string, Map<string, Known>>()
  return {
    async token(pod, audience, expirationSeconds) {
      const uid = pod.metadata.uid!
      const ofPod = tokens.get(uid) ?? new Map<string, Known>()
      tokens.set(uid, ofPod)
      const key = `${audience ?? ''}|${expirationSeconds}`
      const known = ofPod.get(key)
      if (known && Date.now() < known.renewAt) return known
      try {
        const fresh = await request(client, pod, audience, expirationSeconds)
        ofPod.set(key, fresh)
        return fresh
      } catch (cause) {
        // The old one serves as long as it is good: the API server may be away for a while.
        if (known && Date.now() < known.expiresAt) return { ...known, renewAt: Date.now() + RETRY }
        throw new Error(`failed to fetch token: ${(cause as Error).message}`, { cause })
      }
    },
    forget: uid => void tokens.delete(uid),
  }
}

async function request(
  client: Client,
  { metadata, spec }: Pod,
  audience: string | undefined,
  expirationSeconds: number,
): Promise<Known> {
  const name = { namespace: metadata.namespace!, name: spec.serviceAccountName || 'default' }
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: name,
    spec: {
      audiences: audience ? [audience] : [],
      expirationSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid: metadata.uid },
    },
  }
  const options = { name, subresource: 'token' }
  const answer = (await client.create(serviceAccounts, body as never, options)) as unknown as {
    status: { token: string; expirationTimestamp: string }
  }
  const expiresAt = Date.parse(answer.status.expirationTimestamp)
  const life = expiresAt - Date.now()
  const use = Math.min(life * RENEW_AT, LONGEST_USE) - Math.random() * Math.min(JITTER, life / 10)
  return { token: answer.status.token, expiresAt, renewAt: Date.now() + use }
}
