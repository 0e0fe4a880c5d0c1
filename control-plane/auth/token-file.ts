import { timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { apiIdentity, type TokenAuthenticator } from './authenticators.ts'
import type { UserInfo } from './types.ts'

/** A token file that cannot be used; the message names the file and line. */
export class TokenFileError extends Error {
  readonly code = 'TOKEN_FILE'
}

/**
 * Tokens from a file of `token,user,uid[,"group1,group2"]` lines (kube-apiserver's `--token-auth-file`), read once.
 * @throws TokenFileError
 */
export async function readTokenFile(path: string): Promise<TokenAuthenticator> {
  const text = await readFile(path, 'utf8').catch(error => {
    throw new TokenFileError(`cannot read the token file ${path}: ${error.message}`, { cause: error })
  })
  const users: [token: Buffer, user: UserInfo][] = []
  text.split('\n').forEach((line, i) => {
    if (line.trim() !== '') users.push(parseLine(line, `${path}:${i + 1}`))
  })
  return {
    authenticate(token, audiences) {
      const given = Buffer.from(token)
      const found = users.find(([known]) => known.length === given.length && timingSafeEqual(known, given))
      return found && apiIdentity(found[1], audiences)
    },
  }
}

function parseLine(line: string, place: string): [Buffer, UserInfo] {
  const [token, name, uid, groups] = columns(line)
  if (!token) throw new TokenFileError(`${place}: the token is empty`)
  if (!name || uid === undefined) {
    throw new TokenFileError(`${place}: must have at least 3 columns (token, user name, user uid)`)
  }
  const user: UserInfo = { name, groups: groups?.split(',').filter(Boolean) ?? [] }
  if (uid) user.uid = uid
  return [Buffer.from(token), user]
}

/** Columns of a line of CSV; a quoted one may hold commas. */
const columns = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)\s*(?:"([^"]*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain!.trim())
