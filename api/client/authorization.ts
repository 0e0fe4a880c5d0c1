import type { Credentials } from './kubeconfig.ts'

/** The `Authorization` header of credentials: a bearer token, or name and password. */
export function authorizationOf({ token, username, password }: Credentials): string | undefined {
  if (token) return `Bearer ${token}`
  if (username === undefined) return undefined
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
}
