import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { REVISION_MARK } from '../../../plugins/store.ts'

/** What a store held at one moment. Bytes are as they were stored: what was encrypted there is encrypted here. */
export interface Backup {
  created: Date
  types: TypeBackup[]
}

export interface TypeBackup {
  type: string
  revision: number
  documents: Map<string, Buffer>
}

/** A backup file that is not whole. The message says what of it is wrong. */
export class BackupError extends Error {
  readonly code = 'BACKUP_DAMAGED'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BackupError'
  }
}

/** First line of every backup; the number is that of the format. */
const FORMAT = '1'
const MAGIC = `skiff-backup ${FORMAT}\n`
const CHECKSUM_LENGTH = 64

interface Header {
  created: string
  /** The parts of the file after the header, in their order. */
  sections: Section[]
}

interface Section {
  type: string
  revision: number
  documents: number
  /** Length in the file. */
  bytes: number
  sha256: string
}

/**
 * A backup as a file: the magic line, a line of JSON that lists the sections, the line's SHA-256, then each type's
 * documents as one compressed section (records of key length, value length, key, value).
 */
export function encodeBackup({ created, types }: Backup): Buffer {
  const bodies = types.map(({ documents }) => zstdCompressSync(records(documents)))
  const sections = types.map(
    ({ type, revision, documents }, index): Section => ({
      type,
      revision,
      documents: documents.size,
      bytes: bodies[index]!.length,
      sha256: checksum(bodies[index]!),
    }),
  )
  const header = JSON.stringify({ created: created.toISOString(), sections } satisfies Header)
  return Buffer.concat([Buffer.from(`${MAGIC}${header}\n${checksum(header)}\n`), ...bodies])
}

/** Reads what {@link encodeBackup} made. Throws {@link BackupError} unless every byte is what it was. */
export function decodeBackup(file: Buffer): Backup {
  const { header, body } = readHeader(file)
  const expected = header.sections.reduce((sum, { bytes }) => sum + bytes, 0)
  if (body.length !== expected) {
    const fault = body.length < expected ? 'is cut short' : 'goes on after its end'
    throw new BackupError(`${fault}: ${body.length} bytes of documents, expected ${expected}`)
  }
  let at = 0
  const types = header.sections.map(section => {
    at += section.bytes
    return readSection(section, body.subarray(at - section.bytes, at))
  })
  return { created: new Date(header.created), types }
}

function readHeader(file: Buffer): { header: Header; body: Buffer } {
  if (file.length === 0) throw new BackupError('is empty')
  const format = /^skiff-backup (\d+)\n/.exec(file.toString('latin1', 0, 32))?.[1]
  if (format !== undefined && format !== FORMAT)
    throw new BackupError(`is of format ${format}, this skiff reads format ${FORMAT}`)
  if (file.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new BackupError(`is not a backup of skiff: the first line is not ${JSON.stringify(MAGIC.trim())}`)
  }
  const end = file.indexOf('\n', MAGIC.length)
  const bodyAt = end + 1 + CHECKSUM_LENGTH + 1
  if (end < 0 || file.length < bodyAt)
    throw new BackupError('is cut short: its list of sections is not whole')
  const header = file.subarray(MAGIC.length, end)
  if (`${checksum(header)}\n` !== file.toString('latin1', end + 1, bodyAt)) {
    throw new BackupError('is damaged: the checksum of its list of sections does not match')
  }
  return { header: JSON.parse(header.toString()), body: file.subarray(bodyAt) }
}

function readSection({ type, revision, documents, sha256 }: Section, body: Buffer): TypeBackup {
  if (checksum(body) !== sha256)
    throw new BackupError(`is damaged: the checksum of section ${type} does not match`)
  const found = new Map(eachRecord(zstdDecompressSync(body)))
  if (found.size !== documents) {
    throw new BackupError(`is damaged: section ${type} has ${found.size} documents, expected ${documents}`)
  }
  for (const [key, bytes] of found) {
    if (!bytes.includes(REVISION_MARK)) throw new BackupError(`is damaged: ${type} ${key} has no revision`)
  }
  return { type, revision, documents: found }
}

function records(documents: Map<string, Buffer>): Buffer {
  const parts = [...documents].flatMap(([key, bytes]) => {
    const name = Buffer.from(key)
    const lengths = Buffer.alloc(8)
    lengths.writeUInt32LE(name.length, 0)
    lengths.writeUInt32LE(bytes.length, 4)
    return [lengths, name, bytes]
  })
  return Buffer.concat(parts)
}

function* eachRecord(body: Buffer): Generator<[string, Buffer]> {
  for (let at = 0; at < body.length; ) {
    const name = at + 8
    const value = name + body.readUInt32LE(at)
    const end = value + body.readUInt32LE(at + 4)
    yield [body.toString('utf8', name, value), body.subarray(value, end)]
    at = end
  }
}

function checksum(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}
