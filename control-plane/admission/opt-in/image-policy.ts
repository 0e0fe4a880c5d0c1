import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { InformerFactory } from '../../../api/client/client.ts'
import type { ClientConfig } from '../../../api/client/kubeconfig.ts'
import type { Pod } from '../../../api/kinds/types.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../../../plugins/admission.ts'
import { callWebhook, WebhookError } from '../../apiserver/webhooks/call.ts'
import { isPodWrite, refusePod } from '../pod-writes.ts'

/** `imagePolicy` of the plugin's file. Times in milliseconds. */
export interface ImagePolicySettings {
  backend: ClientConfig
  /** How long answers are remembered; 0 for not at all. */
  allowTtl: number
  denyTtl: number
  /** The first pause before another try; 0 for one try alone. */
  retryBackoff: number
  /** Whether images are let in while the backend cannot be asked. */
  defaultAllow: boolean
}

/** status of an imagepolicy.k8s.io/v1alpha1 ImageReview. */
interface Verdict {
  allowed?: boolean
  reason?: string
  auditAnnotations?: Record<string, string>
}

const MOST_ANSWERS = 1_024
const DEADLINE = 30_000
const TRIES = 5
const GROWTH = 1.5
/** What is worth another try: faults of the backend itself, and that it has too much to do. */
const PASSING = [429, 500, 504]
const AUDIT = 'imagepolicywebhook.image-policy.k8s.io/'
const OWN = '.image-policy.k8s.io/'

/** Lets a backend outside say which images may be used. */
export function imagePolicy(settings: ImagePolicySettings, informers: InformerFactory): AdmissionPlugin {
  const answers = new LRUCache<string, Verdict>({ max: MOST_ANSWERS })
  return {
    name: 'ImagePolicyWebhook',
    handles: isPodWrite,
    async validate(attributes) {
      const spec = specOf(attributes)
      const key = JSON.stringify(spec)
      const verdict = answers.get(key) ?? (await askBackend(spec, attributes, settings, informers))
      if (!verdict) return
      const ttl = verdict.allowed ? settings.allowTtl : settings.denyTtl
      if (ttl > 0 && !answers.has(key)) answers.set(key, verdict, { ttl })
      for (const [name, value] of Object.entries(verdict.auditAnnotations ?? {})) {
        attributes.origin?.annotate(AUDIT + name, String(value))
      }
      if (verdict.allowed) return
      throw refusePod(
        attributes,
        verdict.reason
          ? `image policy webhook backend denied one or more images: ${verdict.reason}`
          : 'one or more images rejected by webhook backend',
      )
    },
  }
}

function specOf({ object, namespace }: AdmissionAttributes): object {
  const { spec, metadata } = object as Pod
  const images = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ image }) => ({ image }))
  const own = Object.entries(metadata.annotations ?? {}).filter(([name]) => name.includes(OWN))
  return {
    containers: images,
    ...(own.length > 0 && { annotations: Object.fromEntries(own) }),
    namespace,
  }
}

/** Undefined where the backend cannot be asked and that is not to matter. */
async function askBackend(
  spec: object,
  attributes: AdmissionAttributes,
  { backend, retryBackoff, defaultAllow }: ImagePolicySettings,
  informers: InformerFactory,
): Promise<Verdict | undefined> {
  const { server, ca, ...credentials } = backend
  const config = { url: server, ...(ca && { caBundle: Buffer.from(ca).toString('base64') }) }
  const review = { apiVersion: 'imagepolicy.k8s.io/v1alpha1', kind: 'ImageReview', spec }
  for (let tries = 1, pause = retryBackoff; ; tries++, pause *= GROWTH) {
    try {
      return (await callWebhook(config, review, informers, DEADLINE, {}, () => credentials)).status ?? {}
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error
      if (pause > 0 && tries < TRIES && PASSING.includes(error.status)) await sleep(pause)
      else if (!defaultAllow) throw refusePod(attributes, error.message)
      else {
        attributes.origin?.annotate(`${AUDIT}failed-open`, 'true')
        return undefined
      }
    }
  }
}
