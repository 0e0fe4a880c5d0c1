import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { csiDriverName } from '../pod/volumes.ts'
import { collect, each, FINE, fields, isSame, type Rule, required, unchanged } from '../rules/check.ts'
import { annotations, labels, nodeSelector } from '../rules/labels.ts'
import { label, subdomain } from '../rules/values.ts'
import { deviceStatuses } from './device-status.ts'
import { list, set } from './lists.ts'
import { configuration, deviceToleration, fullKey, poolName, selector } from './names.ts'

const MOST_REQUESTS = 32
const MOST_CONSTRAINTS = 32
const MOST_CONFIGURATIONS = 32
const MOST_SELECTORS = 32
const MOST_ALTERNATIVES = 8
const MOST_USERS = 256

const selectors = list(MOST_SELECTORS, selector)
const tolerations = each(deviceToleration)

/** One device, or several alike. */
const wanted: Rule = (
  { deviceClassName, selectors: own = [], allocationMode: mode, count = 0, ...rest },
  path,
) =>
  collect(
    required(subdomain)(deviceClassName, `${path}.deviceClassName`),
    selectors(own, `${path}.selectors`),
    modeFaults(mode ?? '', count, path),
    rest.tolerations && tolerations(rest.tolerations, `${path}.tolerations`),
  )

function modeFaults(mode: string, count: number, path: string): readonly FieldError[] {
  const at = `${path}.count`
  if (mode === 'All') {
    const detail = "must not be specified when allocationMode is 'All'"
    return count === 0 ? FINE : [invalidValue(at, count, detail)]
  }
  if (mode !== 'ExactCount') return [notSupported(`${path}.allocationMode`, mode, ['All', 'ExactCount'])]
  return count > 0 ? FINE : [invalidValue(at, count, 'must be greater than zero')]
}

const alternative: Rule = (request, path) =>
  collect(label(request.name ?? '', `${path}.name`), wanted(request, path))

const alternatives = set(MOST_ALTERNATIVES, alternative, ({ name }: any) => name, 'name')

const ONE_FORM = 'exactly one of `exactly` or `firstAvailable` is required'

const request: Rule = ({ name = '', exactly, firstAvailable = [] }, path) => {
  const isBoth = exactly && firstAvailable.length > 0
  return collect(
    label(name, `${path}.name`),
    alternatives(firstAvailable, `${path}.firstAvailable`),
    exactly && wanted(exactly, `${path}.exactly`),
    isBoth && [invalidValue(path, null, `${ONE_FORM}, but multiple fields are set`)],
    !exactly && firstAvailable.length === 0 && [requiredError(path, ONE_FORM)],
  )
}

/** Names of requests, each with those of its alternatives. */
type Requests = ReadonlyMap<string, ReadonlySet<string>>

const requestsOf = ({ requests = [] }: any): Requests =>
  new Map(
    requests.map(({ name, firstAvailable = [] }: any) => [
      name,
      new Set(firstAvailable.map(({ name: own }: any) => own)),
    ]),
  )

const UNKNOWN =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

const requestName =
  (known: Requests): Rule<string> =>
  (name, path) => {
    const [first = '', second, ...rest] = name.split('/')
    if (rest.length > 0) return [invalidValue(path, name, UNKNOWN)]
    const own = known.get(first)
    const isKnown = own && (second === undefined || own.has(second))
    return collect(
      label(first, path),
      second !== undefined && label(second, path),
      !isKnown && [invalidValue(path, name, UNKNOWN)],
    )
  }

/** What a claim wants of devices (resource.k8s.io/v1 DeviceClaim). */
const devices: Rule = (given, path) => {
  const names = set(MOST_REQUESTS, requestName(requestsOf(given)))
  const constraint: Rule = (own, at) => {
    const field = ['matchAttribute', 'distinctAttribute'].find(name => own[name] !== undefined)
    return collect(
      names(own.requests ?? [], `${at}.requests`),
      field ? fullKey(own[field], `${at}.${field}`) : [requiredError(`${at}.matchAttribute`, '')],
    )
  }
  const config: Rule = (own, at) =>
    collect(names(own.requests ?? [], `${at}.requests`), configuration(own, at))
  return collect(
    set(MOST_REQUESTS, request, ({ name }: any) => name, 'name')(given.requests ?? [], `${path}.requests`),
    list(MOST_CONSTRAINTS, constraint)(given.constraints ?? [], `${path}.constraints`),
    list(MOST_CONFIGURATIONS, config)(given.config ?? [], `${path}.config`),
  )
}

/** All that is wrong with a ResourceClaim; what it wants is fixed, what it got is fixed until it gives it back. */
export function claimFaults(claim: any, old: any, subresource: string): readonly FieldError[] {
  const { spec = {}, status = {}, metadata } = claim
  if (subresource === 'status') return statusFaults(status, old?.status ?? {}, spec, metadata)
  return collect(old && unchanged('spec', spec, old.spec), devices(spec.devices ?? {}, 'spec.devices'))
}

/** All that is wrong with a ResourceClaimTemplate, which is fixed. */
export function claimTemplateFaults({ spec = {} }: any, old: any): readonly FieldError[] {
  return collect(
    old && unchanged('spec', spec, old.spec),
    fields({ labels, annotations })(spec.metadata ?? {}, 'spec.metadata'),
    devices(spec.spec?.devices ?? {}, 'spec.spec.devices'),
  )
}

/** All that is wrong with a DeviceClass. */
export function deviceClassFaults({ spec = {} }: any): readonly FieldError[] {
  const { selectors: own = [], config = [] } = spec
  return collect(
    selectors(own, 'spec.selectors'),
    list(MOST_CONFIGURATIONS, configuration)(config, 'spec.config'),
  )
}

const user = fields({ resource: required(), name: required(), uid: required() })

function statusFaults(status: any, old: any, spec: any, metadata: any): readonly FieldError[] {
  const { reservedFor = [], allocation } = status
  const at = 'status.reservedFor'
  const added = reservedFor.filter((own: any) => !(old.reservedFor ?? []).some((o: any) => isSame(o, own)))
  return collect(
    set(MOST_USERS, user, ({ uid }: any) => uid, 'uid')(reservedFor, at),
    deviceStatuses(status, 'status.devices'),
    reservedFor.length > 0 &&
      !allocation && [forbiddenField(at, 'may not be specified when `allocated` is not set')],
    allocation &&
      metadata.deletionTimestamp &&
      added.length > 0 && [
        forbiddenField(
          at,
          'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
        ),
      ],
    allocation &&
      (old.allocation
        ? unchanged('status.allocation', allocation, old.allocation)
        : allocationFaults(allocation, spec, 'status.allocation')),
  )
}

function allocationFaults(allocation: any, spec: any, path: string): readonly FieldError[] {
  const known = requestName(requestsOf(spec.devices ?? {}))
  const result: Rule = (own, at) =>
    collect(
      known(own.request ?? '', `${at}.request`),
      csiDriverName(own.driver, `${at}.driver`),
      poolName(own.pool, `${at}.pool`),
      label(own.device ?? '', `${at}.device`),
    )
  const config: Rule = (own, at) =>
    collect(
      !own.source
        ? [requiredError(`${at}.source`, '')]
        : !['FromClaim', 'FromClass'].includes(own.source) && [
            notSupported(`${at}.source`, own.source, ['FromClaim', 'FromClass']),
          ],
      set(MOST_REQUESTS, known)(own.requests ?? [], `${at}.requests`),
      configuration(own, at),
    )
  const { results = [], config: configs = [] } = allocation.devices ?? {}
  return collect(
    list(MOST_REQUESTS, result)(results, `${path}.devices.results`),
    list(2 * MOST_CONFIGURATIONS, config)(configs, `${path}.devices.config`),
    allocation.nodeSelector && nodeSelector(allocation.nodeSelector, `${path}.nodeSelector`),
  )
}
