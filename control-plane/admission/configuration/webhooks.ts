import { isAbsolute, resolve } from 'node:path'
import { loadKubeconfig } from '../../../api/client/kubeconfig.ts'
import { type FieldError, invalidValue } from '../../../api/meta/status.ts'
import { type FindCredentials, readWebhookUsers } from '../../apiserver/webhooks/credentials.ts'
import type { ImagePolicySettings } from '../opt-in/image-policy.ts'
import type { Configurable } from './configurable.ts'
import * as shapes from './shapes.ts'

/** WebhookAdmissionConfiguration: a kubeconfig with what this server shows webhooks. */
export const webhookUsers: Configurable = {
  shape: shapes.webhooks,
  types: [
    'apiserver.config.k8s.io/v1 WebhookAdmissionConfiguration',
    'apiserver.config.k8s.io/v1alpha1 WebhookAdmission',
  ],
  faults: ({ kubeConfigFile = '' }) =>
    kubeConfigFile === '' || isAbsolute(kubeConfigFile)
      ? []
      : [invalidValue('kubeConfigFile', kubeConfigFile, 'must be an absolute file path')],
  read: ({ kubeConfigFile }): Promise<FindCredentials> | undefined =>
    kubeConfigFile ? readWebhookUsers(kubeConfigFile) : undefined,
}

/** A time in the file: -1 for none, 0 for the usual one. In its own unit, as are the bounds. */
interface Bounds {
  /** Milliseconds. */
  unit: number
  most: number
  usual: number
}

const TTL_LIMIT = 1_800
const TIMES: Record<string, Bounds> = {
  allowTTL: { unit: 1_000, most: TTL_LIMIT, usual: 300 },
  denyTTL: { unit: 1_000, most: TTL_LIMIT, usual: 30 },
  retryBackoff: { unit: 1, most: 300_000, usual: 500 },
}

export const imagePolicy: Configurable = {
  shape: shapes.imagePolicy,
  types: [],
  faults: ({ imagePolicy: given = {} }) => [
    ...(given.kubeConfigFile ? [] : [invalidValue('imagePolicy.kubeConfigFile', '', 'must not be empty')]),
    ...Object.entries(TIMES).flatMap(([name, bounds]) => timeFaults(name, given[name] ?? 0, bounds)),
  ],
  async read({ imagePolicy: given }, folder): Promise<ImagePolicySettings> {
    const time = (name: string): number => {
      const { unit, usual } = TIMES[name]!
      const value: number = given[name] || usual
      return Math.max(0, value) * unit
    }
    return {
      backend: await loadKubeconfig(resolve(folder, given.kubeConfigFile)),
      allowTtl: time('allowTTL'),
      denyTtl: time('denyTTL'),
      retryBackoff: time('retryBackoff'),
      defaultAllow: given.defaultAllow ?? false,
    }
  },
}

function timeFaults(name: string, value: number, { most }: Bounds): FieldError[] {
  if (value >= -1 && value <= most) return []
  return [invalidValue(`imagePolicy.${name}`, value, `must be -1, 0, or between 1 and ${most}`)]
}
