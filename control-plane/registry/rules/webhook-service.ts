import { type FieldError, invalidValue, required as requiredError } from '../../../api/meta/status.ts'
import { isDns1123Subdomain } from '../../../api/meta/validation.ts'
import { collect } from './check.ts'

/**
 * All that is wrong with where a webhook is, when it is a Service. A path that is empty is the root. Upstream takes the name
 * for the namespace and the other way round: what is missing is said to be the other one.
 */
export function webhookServiceFaults(
  { name, namespace, path: place, port = 443 }: any,
  path: string,
): readonly FieldError[] {
  const isPlain = !place || place === '/'
  return collect(
    !namespace && [requiredError(`${path}.name`, '')],
    !name && [requiredError(`${path}.namespace`, '')],
    (port < 1 || port > 65_535) && [
      invalidValue(`${path}.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'),
    ],
    !isPlain && pathFaults(place, `${path}.path`),
  )
}

function pathFaults(place: string, path: string): readonly FieldError[] {
  if (place === '//') return [invalidValue(path, place, 'segment[0] may not be empty')]
  const steps = place.slice(1).replace(/\/$/, '').split('/')
  return collect(
    !place.startsWith('/') && [invalidValue(path, place, "must start with a '/'")],
    steps.flatMap((step, i) =>
      step === ''
        ? [invalidValue(path, place, `segment[${i}] may not be empty`)]
        : segmentFaults(step, i, place, path),
    ),
  )
}

const segmentFaults = (step: string, i: number, place: string, path: string): readonly FieldError[] =>
  isDns1123Subdomain(step).map(fault => invalidValue(path, place, `segment[${i}]: ${fault}`))
