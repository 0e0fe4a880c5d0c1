import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { InformerFactory } from '../../../api/client/client.ts'
import type { CustomConversion } from '../../../api/kinds/apiextensions.ts'
import type { ApiObject, ObjectMeta } from '../../../api/meta/object.ts'
import { StoreError } from '../../../plugins/store.ts'
import { REVIEW_VERSIONS } from '../../registry/crd/validate-conversion.ts'
import { callWebhook, WebhookError } from '../webhooks/call.ts'
import type { Converter } from './view.ts'

/** Upstream's figure. Milliseconds. */
const DEADLINE = 30_000

/** Lets a webhook convert objects. */
export function webhookConverter(
  kind: string,
  { clientConfig, conversionReviewVersions }: NonNullable<CustomConversion['webhook']>,
  informers: InformerFactory,
): Converter {
  const reviewVersion = conversionReviewVersions.find(version => REVIEW_VERSIONS.includes(version)) ?? 'v1'
  return async (objects, toApiVersion) => {
    const what = `${objects[0]?.apiVersion}, Kind=${kind}`
    const uid = randomUUID()
    const review = {
      kind: 'ConversionReview',
      apiVersion: `apiextensions.k8s.io/${reviewVersion}`,
      request: { uid, desiredAPIVersion: toApiVersion, objects },
    }
    try {
      const { response } = await callWebhook(clientConfig!, review, informers, DEADLINE)
      return readResponse(response, uid, objects, toApiVersion)
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error
      throw new StoreError('unreadable', `conversion webhook for ${what} failed: ${error.message}`, {
        cause: error,
      })
    }
  }
}

interface ConversionResponse {
  uid?: string
  convertedObjects?: ApiObject[]
  result?: { status?: string; message?: string }
}

function readResponse(
  response: ConversionResponse | undefined,
  uid: string,
  objects: readonly ApiObject[],
  toApiVersion: string,
): ApiObject[] {
  if (!response) throw new WebhookError('no response provided')
  const { result, convertedObjects = [] } = response
  if (response.uid !== uid)
    throw new WebhookError(
      `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`,
    )
  if (result?.status !== 'Success')
    throw new WebhookError(result?.message || 'result.status must be "Success"')
  if (convertedObjects.length !== objects.length)
    throw new WebhookError(`returned ${convertedObjects.length} objects, expected ${objects.length}`)
  return convertedObjects.map((converted, i) => checked(converted, objects[i]!, toApiVersion, i))
}

function checked(converted: ApiObject, object: ApiObject, toApiVersion: string, index: number): ApiObject {
  const refuse = (why: string): never => {
    throw new WebhookError(`invalid converted object at index ${index}: ${why}`)
  }
  if (converted.apiVersion !== toApiVersion)
    refuse(`invalid groupVersion (expected ${toApiVersion}, received ${converted.apiVersion})`)
  if (converted.kind !== object.kind)
    refuse(`invalid kind (expected ${object.kind}, received ${converted.kind})`)
  for (const field of ['name', 'namespace', 'uid'] as const) {
    if (!isDeepStrictEqual(converted.metadata?.[field], object.metadata[field]))
      refuse(`metadata.${field} must not be changed`)
  }
  return { ...converted, metadata: withOwnWords(object.metadata, converted.metadata) }
}

/** Of metadata a webhook may only change labels and annotations. */
function withOwnWords(metadata: ObjectMeta, { labels, annotations }: ObjectMeta): ObjectMeta {
  const { labels: _labels, annotations: _annotations, ...rest } = metadata
  return { ...rest, ...(labels && { labels }), ...(annotations && { annotations }) }
}
