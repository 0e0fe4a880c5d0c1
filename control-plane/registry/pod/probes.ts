import type { Container } from '../../../api/kinds/types.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { isHttpHeaderName } from '../../../api/meta/validation.ts'
import {
  always,
  collect,
  FINE,
  fields,
  must,
  nonNegative,
  type Rule,
  required,
  requiredOneOf,
} from '../rules/check.ts'
import { portNumber, portNumberOrName } from '../rules/values.ts'

/** One that is left out is Go's zero. */
const port: Rule = always((value, path) => portNumberOrName(value ?? 0, path))

const httpGet = fields({
  path: required(),
  port,
  scheme: requiredOneOf('HTTP', 'HTTPS'),
  httpHeaders: (headers: { name: string }[], path) =>
    headers.flatMap(({ name }) => isHttpHeaderName(name).map(fault => invalidValue(path, name, fault))),
})

/** In the order in which upstream looks at them: the first one counts, more than one is wrong. */
const HANDLERS: Record<string, Rule> = {
  exec: fields({ command: required() }),
  httpGet,
  tcpSocket: fields({ port }),
  grpc: fields({ port: always((value, path) => portNumber(value ?? 0, path)) }),
}

type Handlers = Record<string, Rule>

function handlerFaults(handlers: Handlers, given: any, path: string): readonly FieldError[] {
  const [first, ...others] = Object.keys(handlers).filter(name => given[name])
  if (!first) return [requiredError(path, 'must specify a handler type')]
  return collect(
    handlers[first]!(given[first], `${path}.${first}`),
    others.map(name => forbiddenField(`${path}.${name}`, 'may not specify more than 1 handler type')),
  )
}

const numbers = fields({
  initialDelaySeconds: nonNegative,
  timeoutSeconds: nonNegative,
  periodSeconds: nonNegative,
  successThreshold: nonNegative,
  failureThreshold: nonNegative,
  terminationGracePeriodSeconds: must(seconds => seconds > 0, 'must be greater than 0'),
})

const onceOnly = fields({ successThreshold: must(times => times === 1, 'must be 1') })
const noGrace = fields({
  terminationGracePeriodSeconds: must(() => false, 'must not be set for readinessProbes'),
})

const probe =
  (own: Rule): Rule =>
  (value, path) =>
    collect(handlerFaults(HANDLERS, value, path), numbers(value, path), own(value, path))

const PROBES = fields({
  livenessProbe: probe(onceOnly),
  readinessProbe: probe(noGrace),
  startupProbe: probe(onceOnly),
})

const sleep =
  (gracePeriod: number | undefined): Rule =>
  ({ seconds }, path) => {
    if (gracePeriod === undefined || (seconds >= 0 && seconds <= gracePeriod)) return FINE
    const detail = `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`
    return [invalidValue(path, seconds, detail)]
  }

/** What a container does at its start and end, and how it is asked whether it is well. */
export function validateLifecycle(
  container: Container,
  path: string,
  gracePeriod: number | undefined,
): readonly FieldError[] {
  const { lifecycle } = container
  const { grpc: _, ...hooks } = HANDLERS
  const handlers = { ...hooks, sleep: sleep(gracePeriod) }
  const at = `${path}.lifecycle`
  return collect(
    lifecycle?.postStart && handlerFaults(handlers, lifecycle.postStart, `${at}.postStart`),
    lifecycle?.preStop && handlerFaults(handlers, lifecycle.preStop, `${at}.preStop`),
    PROBES(container, path),
  )
}

const resourceNames = ['cpu', 'memory']
const resizePolicies = ['NotRequired', 'RestartContainer']

/** How a container takes a change of its resources; said of the list, as upstream does. */
export function resizePolicyFaults(
  policies: { resourceName: string; restartPolicy: string }[],
  path: string,
  restartPolicy: string | undefined,
): readonly FieldError[] {
  const seen = new Set<string>()
  return policies.flatMap(({ resourceName, restartPolicy: policy }, i) => {
    const isRepeated = seen.has(resourceName)
    seen.add(resourceName)
    const detail = "must be 'NotRequired' when `restartPolicy` is 'Never'"
    return collect(
      isRepeated && [
        { type: 'FieldValueDuplicate', field: `${path}[${i}]`, badValue: resourceName, detail: '' },
      ],
      requiredOneOf(...resourceNames)(resourceName, path),
      requiredOneOf(...resizePolicies)(policy, path),
      restartPolicy === 'Never' && policy !== 'NotRequired' && [invalidValue(path, policy, detail)],
    )
  })
}
