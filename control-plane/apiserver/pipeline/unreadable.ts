import { badRequest, type StatusError } from '../../../api/meta/status.ts'

/** Bytes of a body that are shown of it. */
const SHOWN = 30

/** What is said of a body of which not even the kind can be read: `why`, and how it begins. */
export function unrecognized(kind: string, why: string, body: Buffer): StatusError {
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(body)})`,
  )
}

/** The first bytes, in hexadecimal digits unless they look like JSON. */
function summary(body: Buffer): string {
  if (body.length === 0) return '<empty>'
  const start = body.subarray(0, SHOWN).toString(body[0] === 0x7b ? 'utf8' : 'hex')
  return body.length > SHOWN ? `${start} ...` : start
}
