import test from 'ava'
import { type Backup, decodeBackup, encodeBackup } from '../../../../control-plane/store/backup/format.ts'

const document = (revision: number, data: string) =>
  Buffer.from(`{"metadata":{"resourceVersion":"${revision}"},"data":"${data}"}`)

const backup: Backup = {
  created: new Date('2026-01-02T03:04:05.678Z'),
  types: [
    {
      type: 'pods',
      revision: 9,
      documents: new Map([
        ['ns/a', document(3, 'ä')],
        ['ns/b', document(9, '')],
      ]),
    },
    {
      type: 'secrets',
      revision: 4,
      documents: new Map([['ns/s', Buffer.concat([document(4, ''), Buffer.of(0, 255)])]]),
    },
    { type: 'empty', revision: 7, documents: new Map() },
  ],
}
const file = encodeBackup(backup)

test('a backup is read as it was written, byte for byte', t => {
  t.deepEqual(decodeBackup(file), backup)
  t.deepEqual(decodeBackup(encodeBackup({ ...backup, types: [] })).types, [])
})

test('every changed byte of a backup is noticed', t => {
  for (let at = 0; at < file.length; at++) {
    const damaged = Buffer.from(file)
    damaged[at]! ^= 0x10
    t.throws(() => decodeBackup(damaged), { code: 'BACKUP_DAMAGED' }, `byte ${at}`)
  }
})

test('a backup that is cut short anywhere is refused', t => {
  for (let length = 0; length < file.length; length++) {
    t.throws(() => decodeBackup(file.subarray(0, length)), { code: 'BACKUP_DAMAGED' }, `length ${length}`)
  }
})

test('an error says what is wrong with a backup', t => {
  const fault = (content: Buffer) => t.throws(() => decodeBackup(content)).message
  t.is(fault(Buffer.alloc(0)), 'is empty')
  t.is(fault(Buffer.from('hello')), 'is not a backup of skiff: the first line is not "skiff-backup 1"')
  t.is(fault(Buffer.from('skiff-backup 2\n')), 'is of format 2, this skiff reads format 1')
  t.regex(fault(file.subarray(0, -1)), /^is cut short: \d+ bytes of documents, expected \d+$/)
  t.regex(fault(Buffer.concat([file, file])), /^goes on after its end/)
  const damaged = Buffer.from(file)
  damaged[file.length - 1]! ^= 1
  t.is(fault(damaged), 'is damaged: the checksum of section empty does not match')
})
