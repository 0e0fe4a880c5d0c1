import type { Ingress } from '../../../api/kinds/types.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required as requiredError,
} from '../../../api/meta/status.ts'
import {
  isDns1035Label,
  isHttpPath,
  isValidPortName,
  isWildcardSubdomain,
} from '../../../api/meta/validation.ts'
import { ipFamily } from '../rules/addresses.ts'
import { collect, each, FINE, fields, oneOf, type Rule, required, text, unchanged } from '../rules/check.ts'
import { label, pathSegment, portNumber, subdomain } from '../rules/values.ts'
import type { Strategy } from '../strategy.ts'

const CLASS = 'kubernetes.io/ingress.class'

export const ingressStrategy: Strategy<Ingress> = {
  validate({ metadata, spec }, old, { subresource }) {
    if (subresource !== '') return []
    const given = metadata.annotations?.[CLASS]
    const isOther = !old && given && spec.ingressClassName !== undefined && given !== spec.ingressClassName
    return collect(
      specFaults(spec, 'spec'),
      isOther && [
        invalidValue(`annotations.${CLASS}`, given, 'must match `ingressClassName` when both are specified'),
      ],
    )
  },
}

function specFaults(spec: any, path: string): readonly FieldError[] {
  const { rules = [], tls = [], defaultBackend, ingressClassName } = spec
  const detail = 'either `defaultBackend` or `rules` must be specified'
  return collect(
    rules.length === 0 && !defaultBackend && [invalidValue(path, [], detail)],
    defaultBackend && backend(defaultBackend, `${path}.defaultBackend`),
    each(rule)(rules, `${path}.rules`),
    each(certificate)(tls, `${path}.tls`),
    ingressClassName !== undefined && subdomain(ingressClassName, `${path}.ingressClassName`),
  )
}

const host: Rule<string> = (value, path) =>
  value.includes('*')
    ? isWildcardSubdomain(value).map(fault => invalidValue(path, value, fault))
    : subdomain(value, path)

const certificate = fields({ hosts: each(host), secretName: subdomain })

const rule: Rule = ({ host: name, http }, path) =>
  collect(
    name && ipFamily(name) && [invalidValue(`${path}.host`, name, 'must be a DNS name, not an IP address')],
    name && host(name, `${path}.host`),
    http && fields({ paths: required(each(httpPath)) })(http, `${path}.http`),
  )

const SEQUENCES = ['//', '/./', '/../', '%2f', '%2F']
const SUFFIXES = ['/..', '/.']
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix']

const httpPath: Rule = ({ path = '', pathType, backend: target = {} }, at) => {
  if (!pathType) return [requiredError(`${at}.pathType`, 'pathType must be specified')]
  const place = `${at}.path`
  const faults = (details: string[]): FieldError[] => details.map(detail => invalidValue(place, path, detail))
  const isStrict = pathType === 'Exact' || pathType === 'Prefix'
  return collect(
    oneOf(...PATH_TYPES)(pathType, `${at}.pathType`),
    (isStrict || path !== '') && !path.startsWith('/') && faults(['must be an absolute path']),
    isStrict &&
      faults(SEQUENCES.filter(part => path.includes(part)).map(part => `must not contain '${part}'`)),
    isStrict && faults(SUFFIXES.filter(part => path.endsWith(part)).map(part => `cannot end with '${part}'`)),
    backend(target, `${at}.backend`),
  )
}

const reference = fields({ apiGroup: subdomain, kind: required(pathSegment), name: required(pathSegment) })
const serviceName = fields({ name: required(text(isDns1035Label)) })

const backend: Rule = ({ resource, service }, path) => {
  const whole = (detail: string): FieldError[] => [invalidValue(path, '', detail)]
  if (resource && service) return whole('cannot set both resource and service backends')
  if (resource) return reference(resource, `${path}.resource`)
  if (!service) return whole('resource or service backend is required')
  const { name, number } = service.port ?? {}
  const at = `${path}.service.port`
  return collect(
    serviceName(service, `${path}.service`),
    name && number && whole('cannot set both port name & port number'),
    name && !number && text(isValidPortName)(name, `${at}.name`),
    number && !name && portNumber(number, `${at}.number`),
    !name && !number && [requiredError(path, 'port name or number is required')],
  )
}

const LONGEST_CONTROLLER = 250

const controller: Rule<string> = (value, path) => {
  const slash = value.indexOf('/')
  const [domain, rest] = [value.slice(0, slash), value.slice(slash + 1)]
  return collect(
    value.length > LONGEST_CONTROLLER && [
      { type: 'FieldValueTooLong', field: path, detail: `may not be more than ${LONGEST_CONTROLLER} bytes` },
    ],
    slash <= 0 || rest === ''
      ? [invalidValue(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
      : collect(
          subdomain(domain, path),
          isHttpPath(rest).map(fault => invalidValue(path, rest, fault)),
        ),
  )
}

const scoped: Rule = ({ scope, namespace }, path) => {
  const at = `${path}.namespace`
  if (!scope) return [requiredError(`${path}.scope`, '')]
  const known = oneOf('Cluster', 'Namespace')(scope, `${path}.scope`)
  if (known.length > 0) return known
  if (scope === 'Cluster') {
    return namespace === undefined ? FINE : [forbiddenField(at, "`parameters.scope` is set to 'Cluster'")]
  }
  return namespace === undefined
    ? [requiredError(at, "`parameters.scope` is set to 'Namespace'")]
    : label(namespace, at)
}

/** An IngressClass's spec; its controller is fixed. */
export function ingressClassFaults({ spec }: any, old: any): readonly FieldError[] {
  const { parameters } = spec
  return collect(
    old && unchanged('spec.controller', spec.controller, old.spec.controller),
    fields({ controller: required(controller) })(spec, 'spec'),
    parameters && reference(parameters, 'spec.parameters'),
    parameters && scoped(parameters, 'spec.parameters'),
  )
}
