import type { Registry } from 'prom-client'
import type { Decision } from '../../auth/types.ts'
import { type Cell, CounterTable, type DurationSeries, exponential, HistogramTable } from './tables.ts'

/** Upper bounds, upstream's. Seconds. */
const BUCKETS = exponential(0.001, 2, 15)
const HOUR = 3_600
const DAY = 24 * HOUR
const EXPIRY_BUCKETS = [
  ...[0, 0.5 * HOUR, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY],
  ...[2, 4, 7, 30, 90, 180, 360].map(days => days * DAY),
]

/** What one of the answers to a question is counted in. */
interface Outcome {
  attempts: Cell
  durations: DurationSeries
}

/** Names that are told as they are; see `usernameOf`. */
const TOLD = new Set([
  'admin',
  'client',
  'kube_proxy',
  'kubelet',
  'system:serviceaccount:kube-system:default',
])

/** What is told of authentication and authorization under upstream's names. */
export class AccessMetrics {
  readonly #authenticated: Record<'success' | 'error', Outcome>
  readonly #authorized: Record<Decision['allowed'], Outcome>
  readonly #users: CounterTable
  readonly #otherUsers: Cell
  readonly #expirations: DurationSeries

  constructor(registry: Registry) {
    const outcomes = (attempts: CounterTable, durations: HistogramTable) => (result: string) => ({
      attempts: attempts.cell(result, () => ({ result })),
      durations: durations.series(result, { result }),
    })
    const authentication = outcomes(
      new CounterTable(registry, 'authentication_attempts', 'Requests whose senders were looked for'),
      new HistogramTable(registry, 'authentication_duration_seconds', 'Time to find the sender', BUCKETS),
    )
    const authorization = outcomes(
      new CounterTable(registry, 'authorization_attempts_total', 'Requests whose rights were looked for'),
      new HistogramTable(registry, 'authorization_duration_seconds', 'Time to find the rights', BUCKETS),
    )
    this.#authenticated = { success: authentication('success'), error: authentication('error') }
    this.#authorized = {
      allow: authorization('allowed'),
      deny: authorization('denied'),
      'no-opinion': authorization('no-opinion'),
    }
    this.#users = new CounterTable(registry, 'authenticated_user_requests', 'Requests by the sort of sender')
    this.#otherUsers = this.#users.cell('other', () => ({ username: 'other' }))
    const name = 'apiserver_client_certificate_expiration_seconds'
    const help = 'Time that the certificates of requests are good for'
    this.#expirations = new HistogramTable(registry, name, help, EXPIRY_BUCKETS).series('', {})
  }

  /** Somebody was found. @param seconds that it took */
  authenticated(user: string, seconds: number): void {
    const { attempts, durations } = this.#authenticated.success
    attempts.value++
    durations.observe(seconds)
    if (!TOLD.has(user) && !user.includes('@')) this.#otherUsers.value++
    else this.#userOf(TOLD.has(user) ? user : 'email_id').value++
  }

  #userOf(username: string): Cell {
    return this.#users.cell(username, () => ({ username }))
  }

  /** A credential was no good. */
  refused(seconds: number): void {
    const { attempts, durations } = this.#authenticated.error
    attempts.value++
    durations.observe(seconds)
  }

  authorized({ allowed }: Decision, seconds: number): void {
    const { attempts, durations } = this.#authorized[allowed]
    attempts.value++
    durations.observe(seconds)
  }

  /** A request came with a certificate that is good for so many seconds. */
  certificate(seconds: number): void {
    this.#expirations.observe(seconds)
  }
}

/** What counts the decisions of authorizers, for `createAuthorizer`. */
export function decisionCounts(registry: Registry): (type: string) => Cell {
  const name = 'apiserver_authorization_decisions_total'
  const decisions = new CounterTable(registry, name, 'Requests that an authorizer allowed')
  return type => decisions.cell(type, () => ({ type, name: type.toLowerCase(), decision: 'allowed' }))
}
