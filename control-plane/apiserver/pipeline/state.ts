import type Koa from 'koa'
import type { Status } from '../../../api/meta/status.ts'
import type { SchemaSet } from '../../../api/schema/schemas.ts'
import type { Authorizer, Decision, UserInfo } from '../../auth/types.ts'
import type { Capture } from '../audit/capture.ts'
import type { RequestInfo } from './request-info.ts'

/** What the steps of the pipeline leave for those after them. */
export interface RequestState {
  info: RequestInfo
  user: UserInfo
  /** Who made the request where it is made in another's name. */
  impersonator?: UserInfo
  /** Texts of `Warning` headers, each once. */
  warnings: Set<string>
  auditId: string
  /** Who decided that the request is allowed. */
  authorizer: Authorizer
  /** Whether the request was allowed, and why. */
  decision?: Decision
  schemas: SchemaSet
  /** What went over the wire, where the audit log is to tell it. */
  capture?: Capture
  /** The error that was answered. */
  failure?: Status
  /** What admission notes in the audit event. */
  annotations?: Record<string, string>
  /** Where priority and fairness put the request. */
  flow?: { readonly uid: string; readonly levelUid: string }
  /** When the request came, by `performance.now()`. */
  received: number
  /** Seconds that the request waited in a queue. */
  waited?: number
  /** Bytes of the answer's body, as they were sent. */
  responseSize?: number
  /** The status code of an answer that was given because the server gave the request up. */
  terminated?: number
  /** Of an API that is deprecated: the release that has it no more, '' where none is named. */
  removedRelease?: string
  /** Of a watch: says that what there was at its start has been sent. */
  initialized?: () => void
}

export type ApiContext = Koa.ParameterizedContext<RequestState>
export type Middleware = (ctx: ApiContext, next: () => Promise<void>) => Promise<void> | void
