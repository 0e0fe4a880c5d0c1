import type { IncomingMessage } from 'node:http'
import { parseJsonBytes } from '../../../api/meta/json.ts'
import type { SchemaSet } from '../../../api/schema/schemas.ts'
import type { AuditDecision } from './policy.ts'

const PROTOBUF = 'application/vnd.kubernetes.protobuf'

/** What went over the wire of a request that more than its metadata is told of. */
export class Capture {
  readonly decision: AuditDecision
  readonly #request: Buffer[] = []
  readonly #requestType: string
  #response: { type: string; body: Buffer } | undefined

  constructor(request: IncomingMessage, decision: AuditDecision) {
    this.decision = decision
    this.#requestType = request.headers['content-type'] ?? 'application/json'
    this.#tap(request)
  }

  get wantsResponse(): boolean {
    return this.decision.level === 'RequestResponse'
  }

  /** Sees the body as whoever answers the request reads it. */
  #tap(request: IncomingMessage): void {
    const { emit } = request
    request.emit = (name: string | symbol, ...values: unknown[]) => {
      if (name === 'data') this.#request.push(values[0] as Buffer)
      return emit.call(request, name, ...values)
    }
  }

  answered(type: string, body: Buffer): void {
    if (this.wantsResponse) this.#response ??= { type, body }
  }

  /** The objects that were sent, where they can be read. */
  async objects(schemas: SchemaSet): Promise<{ requestObject?: unknown; responseObject?: unknown }> {
    const requestObject = await this.#read(this.#requestType, Buffer.concat(this.#request), schemas)
    const response = this.#response
    const responseObject = response && (await this.#read(response.type, response.body, schemas))
    return {
      ...(requestObject !== undefined && { requestObject }),
      ...(responseObject !== undefined && { responseObject }),
    }
  }

  async #read(type: string, body: Buffer, schemas: SchemaSet): Promise<unknown> {
    if (body.length === 0) return undefined
    try {
      const object = await readObject(type, body, schemas)
      if (this.decision.omitManagedFields) dropManagedFields(object)
      return object
    } catch {
      // What cannot be read was refused, or is no object.
      return undefined
    }
  }
}

async function readObject(type: string, body: Buffer, schemas: SchemaSet): Promise<unknown> {
  if (type.startsWith(PROTOBUF)) {
    const { decodeProtobuf } = await import('../protobuf/decode.ts')
    return decodeProtobuf(schemas, body)
  }
  if (/[/+]yaml/.test(type)) {
    const { readYaml } = await import('../pipeline/yaml.ts')
    return readYaml(body.toString()).value
  }
  return type.includes('json') ? parseJsonBytes(body) : undefined
}

/** Of an object, of those in a list, of those in a table. */
function dropManagedFields(value: any): void {
  if (typeof value !== 'object' || value === null) return
  if (value.metadata) delete value.metadata.managedFields
  for (const item of value.items ?? []) dropManagedFields(item)
  for (const row of value.rows ?? []) dropManagedFields(row.object)
}
