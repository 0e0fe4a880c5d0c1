import {
  badRequest,
  type FieldError,
  goQuote,
  invalid,
  invalidValue,
  isStatusError,
  notSupported,
  tooLong,
  unexpectedError,
} from '../../../api/meta/status.ts'
import { unreadable, validateFields } from '../../../api/schema/field-validation.ts'
import { requireVerb } from '../pipeline/authorization.ts'
import { readObject } from '../pipeline/body.ts'
import { HttpOrigin } from '../pipeline/origin.ts'
import { isTrue } from '../pipeline/request-info.ts'
import type { ApiContext } from '../pipeline/state.ts'
import type { WriteContext } from '../rest/core.ts'
import type { DeleteOptions } from '../rest/delete.ts'
import type { ListRequest } from '../rest/list.ts'

/** Reads the options of a list or watch from the query. @throws StatusError 400 */
export function listOptions({ state }: ApiContext): ListRequest {
  const { query, namespace, name } = state.info
  return {
    namespace,
    name,
    labelSelector: query.get('labelSelector') ?? undefined,
    fieldSelector: query.get('fieldSelector') ?? undefined,
    limit: integer(query, 'limit'),
    continue: query.get('continue') ?? undefined,
    resourceVersion: query.get('resourceVersion') ?? undefined,
    resourceVersionMatch: query.get('resourceVersionMatch') ?? undefined,
    sendInitialEvents: boolean(query, 'sendInitialEvents'),
  }
}

/** More digits than any number of 64 bits needs. */
const LONGEST_NUMBER = 40
const isInt64 = (value: bigint): boolean => BigInt.asIntN(64, value) === value

/** An integer of the query; undefined where it is not there. @throws StatusError 400 */
export function integer(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name)
  if (value === null) return undefined
  const isNumber = /^[+-]?\d+$/.test(value)
  if (!isNumber || value.length > LONGEST_NUMBER || !isInt64(BigInt(value.replace('+', '')))) {
    throw badRequest(
      `strconv.ParseInt: parsing ${goQuote(value)}: ${isNumber ? 'value out of range' : 'invalid syntax'}`,
    )
  }
  return Number(value)
}

export function boolean(query: URLSearchParams, name: string): boolean | undefined {
  return query.has(name) ? isTrue(query.get(name)) : undefined
}

/** Who writes and how, from the query. @throws StatusError 422 */
export function writeContext(ctx: ApiContext, kind = 'CreateOptions'): WriteContext {
  const { state } = ctx
  const { query } = state.info
  return {
    user: state.user,
    dryRun: isDryRun(query.getAll('dryRun'), kind),
    fieldManager: fieldManager(query, kind) || managerOfAgent(ctx.req.headers['user-agent'] ?? ''),
    warn: message => void state.warnings.add(message),
    authorizeCreate: () => requireVerb(ctx, 'create'),
    origin: new HttpOrigin(state),
  }
}

const LONGEST_MANAGER = 128

/** The `fieldManager` of the query; '' where there is none. @throws StatusError 422 */
function fieldManager(query: URLSearchParams, kind: string): string {
  const manager = query.get('fieldManager') ?? ''
  const faults: FieldError[] = []
  if (Buffer.byteLength(manager) > LONGEST_MANAGER) faults.push(tooLong('fieldManager', '', LONGEST_MANAGER))
  if (NOT_PRINTABLE.test(manager)) {
    faults.push(invalidValue('fieldManager', manager, 'should only contain printable characters'))
  }
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', faults)
  return manager
}

/** Control characters, and white space other than the blank. */
const NOT_PRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u

/** Who writes, as far as the client's name tells: what is in front of the slash. */
function managerOfAgent(agent: string): string {
  const known = agents.get(agent)
  if (known !== undefined) return known
  const slash = agent.indexOf('/')
  let manager = ''
  for (const letter of slash < 0 ? agent : agent.slice(0, slash)) {
    if (NOT_PRINTABLE.test(letter)) continue
    if (Buffer.byteLength(manager + letter) > LONGEST_MANAGER) break
    manager += letter
  }
  if (agents.size >= MOST_AGENTS) agents.clear()
  agents.set(agent, manager || 'unknown')
  return manager || 'unknown'
}

const agents = new Map<string, string>()
const MOST_AGENTS = 500

function isDryRun(values: readonly string[], kind: string): boolean {
  if (values.some(value => value !== 'All')) {
    throw invalid({ group: 'meta.k8s.io', kind }, '', [notSupported('dryRun', values, ['All'])])
  }
  return values.length > 0
}

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

/** What is to be done about unknown and duplicate fields. @throws StatusError 422 */
export function fieldValidation({ state }: ApiContext, kind = 'CreateOptions'): FieldValidation {
  const value = state.info.query.get('fieldValidation')
  if (value === null || value === '') return 'Warn'
  if (value !== 'Ignore' && value !== 'Warn' && value !== 'Strict') {
    throw invalid({ group: 'meta.k8s.io', kind }, '', [
      notSupported('fieldValidation', value, ['Ignore', 'Warn', 'Strict']),
    ])
  }
  return value
}

const DELETE_OPTIONS = { kind: 'DeleteOptions', apiVersion: 'v1' }
const DELETE_BODY = {
  kind: 'DeleteOptions',
  version: 'v1',
  schema: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
}

const unknownKind = ({ apiVersion = 'meta.k8s.io/v1', kind }: Record<string, unknown>) =>
  unexpectedError(
    `no kind "${kind}" is registered for version "${apiVersion}" in scheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"`,
  )

/** @throws StatusError 500 without a reason, as upstream, which expects no options that it cannot read */
function checkFields({ state }: ApiContext, body: Record<string, any>): void {
  try {
    validateFields(state.schemas, DELETE_BODY, body, 'Ignore')
  } catch (error) {
    const prefix = unreadable(DELETE_BODY)
    if (!isStatusError(error) || !error.message.startsWith(prefix)) throw error
    throw unexpectedError(error.message.slice(prefix.length))
  }
}

/** Delete options from the body, and from the query where there is no body. @throws StatusError 400 */
export async function deleteOptions(
  ctx: ApiContext,
): Promise<{ options: DeleteOptions; context: WriteContext }> {
  const { query } = ctx.state.info
  const body = await readObject(ctx, DELETE_OPTIONS)
  const context = writeContext(ctx, 'DeleteOptions')
  if (body) {
    if (body.kind && body.kind !== 'DeleteOptions') throw unknownKind(body)
    checkFields(ctx, body)
    const dryRun = context.dryRun || isDryRun(body.dryRun ?? [], 'DeleteOptions')
    const origin = new HttpOrigin(ctx.state, body)
    return { options: body as DeleteOptions, context: { ...context, dryRun, origin } }
  }
  const gracePeriodSeconds = integer(query, 'gracePeriodSeconds')
  const propagationPolicy = query.get('propagationPolicy') ?? undefined
  const orphanDependents = boolean(query, 'orphanDependents')
  const options: DeleteOptions = {
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(propagationPolicy && { propagationPolicy }),
    ...(orphanDependents !== undefined && { orphanDependents }),
  }
  return { options, context }
}
