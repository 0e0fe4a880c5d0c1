import type { IncomingMessage } from 'node:http'

/** Who makes a request (authentication/v1 UserInfo). */
export interface UserInfo {
  name: string
  uid?: string
  groups: string[]
  extra?: Record<string, string[]>
}

/**
 * Finds out who makes a request. Returns undefined when this authenticator has no opinion (no credential of its sort),
 * throws a 401 `StatusError` when a credential was given and is wrong.
 */
export interface Authenticator {
  authenticate(request: IncomingMessage): Promise<UserInfo | undefined> | UserInfo | undefined
}

/** What is asked of an authorizer (authorization/v1 ResourceAttributes or NonResourceAttributes). */
export interface AuthorizationAttributes {
  user: UserInfo
  verb: string
  /** False for paths such as /healthz: only `path` and `verb` count. */
  isResourceRequest: boolean
  path?: string
  apiGroup?: string
  apiVersion?: string
  resource?: string
  subresource?: string
  namespace?: string
  name?: string
  /** What a list or watch is narrowed down to, as given in the request. */
  fieldSelector?: string
  labelSelector?: string
}

/** `no-opinion` hands the question on to the next authorizer; all `no-opinion` means forbidden. */
export interface Decision {
  allowed: 'allow' | 'deny' | 'no-opinion'
  /** Shown to the user when the request is refused. */
  reason?: string
}

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision | Promise<Decision>
}

/** One that never waits. */
export interface ImmediateAuthorizer extends Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision
}
