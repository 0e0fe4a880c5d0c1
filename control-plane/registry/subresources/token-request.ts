import { pods, serviceAccounts } from '../../../api/kinds/core.ts'
import { conflict, type FieldError, invalid, invalidValue } from '../../../api/meta/status.ts'
import { toTime } from '../../../api/meta/time.ts'
import { ISSUER } from '../../auth/service-account-tokens.ts'
import type { SubresourceHandler, SubresourceRequest } from '../subresources.ts'

const DEFAULT_SECONDS = 3_600
const LEAST_SECONDS = 600
const MOST_SECONDS = 2 ** 32

/** Makes a token of a service account (authentication/v1 TokenRequest), bound to a Pod where asked. */
export const requestToken: SubresourceHandler = async request => {
  const { client, name, namespace, object, tokens } = request
  const { audiences = [], expirationSeconds = DEFAULT_SECONDS, boundObjectRef } = object.spec ?? {}
  const errors = validate(expirationSeconds)
  if (errors.length > 0) throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', errors)
  const account = await client.get(serviceAccounts, { name, namespace })
  const pod = boundObjectRef ? await boundPod(request, boundObjectRef) : undefined
  const binding = {
    namespace: namespace!,
    serviceaccount: { name, uid: account.metadata.uid! },
    ...(pod && { pod: { name: pod.metadata.name, uid: pod.metadata.uid! } }),
    ...(pod?.spec.nodeName && { node: { name: pod.spec.nodeName } }),
  }
  const { token, expires } = await tokens.issue(binding, audiences, expirationSeconds)
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { name, namespace: namespace!, creationTimestamp: toTime(request.now) },
    spec: {
      audiences: audiences.length > 0 ? audiences : [ISSUER],
      expirationSeconds,
      boundObjectRef: boundObjectRef ?? null,
    },
    status: { token, expirationTimestamp: toTime(expires) },
  }
}

function validate(seconds: number): FieldError[] {
  const path = 'spec.expirationSeconds'
  if (seconds < LEAST_SECONDS)
    return [invalidValue(path, seconds, 'may not specify a duration less than 10 minutes')]
  return seconds > MOST_SECONDS
    ? [invalidValue(path, seconds, 'may not specify a duration larger than 2^32 seconds')]
    : []
}

async function boundPod(
  { client, namespace, name }: SubresourceRequest,
  ref: { name: string; uid?: string },
) {
  const pod = await client.get(pods, { name: ref.name, namespace })
  if (ref.uid && pod.metadata.uid !== ref.uid) {
    const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`
    throw conflict({ group: '', plural: 'pods' }, name, why)
  }
  return pod
}
