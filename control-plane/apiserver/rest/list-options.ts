import {
  badRequest,
  type FieldError,
  forbiddenField,
  goQuote,
  invalid,
  notSupported,
  type StatusError,
  unexpectedError,
} from '../../../api/meta/status.ts'

/** meta/v1 ListOptions, as far as they may disagree with each other. */
export interface RevisionOptions {
  continue?: string | undefined
  resourceVersion?: string | undefined
  resourceVersionMatch?: string | undefined
  sendInitialEvents?: boolean | undefined
}

const MATCH = 'resourceVersionMatch'

/** @throws StatusError 422 where options do not go together, 400 for a revision that is no number */
export function checkListOptions(options: RevisionOptions): void {
  const { resourceVersion, resourceVersionMatch: match, sendInitialEvents } = options
  if (match || sendInitialEvents !== undefined) refuse(listFaults(options))
  if (!options.continue) checkRevision(resourceVersion, badListRevision)
  if (options.continue && resourceVersion && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue')
  }
}

function listFaults(options: RevisionOptions): FieldError[] {
  const { resourceVersion, resourceVersionMatch: match } = options
  const faults: FieldError[] = []
  if (match) {
    if (!resourceVersion)
      faults.push(forbiddenField(MATCH, `${MATCH} is forbidden unless resourceVersion is provided`))
    if (options.continue)
      faults.push(forbiddenField(MATCH, `${MATCH} is forbidden when continue is provided`))
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      faults.push(notSupported(MATCH, match, ['Exact', 'NotOlderThan', '']))
    }
    if (match === 'Exact' && resourceVersion === '0') {
      faults.push(forbiddenField(MATCH, `${MATCH} "exact" is forbidden for resourceVersion "0"`))
    }
  }
  if (options.sendInitialEvents !== undefined) {
    faults.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  }
  return faults
}

/** @throws StatusError 422, 500 as {@link checkListOptions} */
export function checkWatchOptions(options: RevisionOptions): void {
  const { resourceVersionMatch: match, sendInitialEvents, continue: token } = options
  if (match || sendInitialEvents !== undefined || token) refuse(watchFaults(options))
  checkRevision(options.resourceVersion)
}

function watchFaults({
  resourceVersionMatch: match,
  sendInitialEvents,
  ...options
}: RevisionOptions): FieldError[] {
  const faults: FieldError[] = []
  const hasInitialEvents = sendInitialEvents !== undefined
  if (hasInitialEvents && match !== 'NotOlderThan') {
    faults.push(forbiddenField(MATCH, `sendInitialEvents requires setting ${MATCH} to NotOlderThan`))
  }
  if (match && !hasInitialEvents) {
    faults.push(forbiddenField(MATCH, `${MATCH} is forbidden for watch unless sendInitialEvents is provided`))
  }
  if (match && match !== 'NotOlderThan') faults.push(notSupported(MATCH, match, ['NotOlderThan']))
  if (options.continue) faults.push(forbiddenField(MATCH, `${MATCH} is forbidden when continue is provided`))
  return faults
}

function refuse(faults: readonly FieldError[]): void {
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', faults)
}

const MOST_REVISION = 2n ** 64n - 1n
/** More digits than any number of 64 bits has. */
const LONGEST = 40

const badListRevision = (why: string): StatusError => badRequest(`invalid resource version: ${why}`)

/** Checks a `resourceVersion`: a number of 64 bits. @throws StatusError 500, where upstream expects no bad one */
export function checkRevision(
  revision: string | undefined,
  refused: (why: string) => StatusError = why => unexpectedError(why),
): void {
  if (!revision) return
  const isNumber = /^\d+$/.test(revision)
  if (isNumber && (revision.length < 16 || (revision.length < LONGEST && BigInt(revision) <= MOST_REVISION)))
    return
  const why = isNumber ? 'value out of range' : 'invalid syntax'
  const shown = goQuote(revision)
  throw refused(`resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: ${why}`)
}
