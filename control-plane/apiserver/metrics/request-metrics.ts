import type { IncomingMessage } from 'node:http'
import type { Registry } from 'prom-client'
import type { RequestInfo } from '../pipeline/request-info.ts'
import type { RequestState } from '../pipeline/state.ts'
import {
  dryRunOf,
  labelsOf,
  type RequestLabels,
  reportedVerb,
  scopeOf,
  systemClientOf,
  UNTOLD,
} from './request-labels.ts'
import { type Cell, CounterTable, type DurationSeries, exponential, HistogramTable } from './tables.ts'

/** Upper bounds, upstream's. Seconds; those of service levels begin later. */
const SLI_BUCKETS = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]
const BUCKETS = [0.005, 0.025, ...SLI_BUCKETS]
/** From a kilobyte to a gigabyte. */
const SIZE_BUCKETS = exponential(1000, 10, 7)

/** Requests for paths that lead nowhere count as one from here on: whoever sends them cannot fill the memory. */
const MOST_SERIES = 2_000

/** What is counted of requests that have the same labels. */
export interface RequestSeries {
  labels: RequestLabels
  dryRun: string
  durations: DurationSeries
  service: DurationSeries
  /** Only of what is read. */
  sizes: DurationSeries | undefined
  /** Answers by status code, of clients that are no part of a control plane. */
  codes: Map<number, Cell>
  /** Those that are open. */
  open: Cell | undefined
}

/** What is told of requests under upstream's names. A request looks its series up once; the rest are its cells. */
export class RequestMetrics {
  readonly #totals: CounterTable
  readonly #durations: HistogramTable
  readonly #service: HistogramTable
  readonly #sizes: HistogramTable
  readonly #longRunning: CounterTable
  readonly #terminations: CounterTable
  readonly #ownRequests: CounterTable
  readonly #deprecated: CounterTable
  readonly #series = new Map<string, RequestSeries>()

  constructor(registry: Registry) {
    const counter = (name: string, help: string, type?: 'gauge') =>
      new CounterTable(registry, `apiserver_${name}`, help, type)
    const histogram = (name: string, help: string, bounds: readonly number[]) =>
      new HistogramTable(registry, `apiserver_${name}`, help, bounds)
    this.#totals = counter('request_total', 'Answered requests')
    this.#durations = histogram('request_duration_seconds', 'Time to the answer', BUCKETS)
    const less = 'Time to the answer without waits in the queues of priority and fairness'
    this.#service = histogram('request_sli_duration_seconds', less, SLI_BUCKETS)
    this.#sizes = histogram('response_sizes', 'Bytes of answers to requests that read', SIZE_BUCKETS)
    this.#longRunning = counter('longrunning_requests', 'Watches and connections that are open', 'gauge')
    this.#terminations = counter('request_terminations_total', 'Requests that were given up, by why')
    this.#ownRequests = counter('selfrequest_total', 'Requests of API servers')
    const deprecated = 'Deprecated APIs that were asked for, and the release that has them no more'
    this.#deprecated = counter('requested_deprecated_apis', deprecated, 'gauge')
  }

  /** The series that a request counts in. */
  seriesOf(info: RequestInfo, { headers }: IncomingMessage): RequestSeries {
    const type = headers['content-type']
    const dryRun = dryRunOf(info)
    const id = idOf(info, type) + dryRun
    const known = this.#series.get(id)
    if (known) return known
    const labels = labelsOf(info, type)
    if (this.#series.size < MOST_SERIES) return this.#begin(id, labels, dryRun)
    const rest = `other ${labels.verb} ${labels.scope}`
    return this.#series.get(rest) ?? this.#begin(rest, { ...labels, ...UNTOLD }, '')
  }

  #begin(id: string, labels: RequestLabels, dryRun: string): RequestSeries {
    const isRead = labels.verb === 'GET' || labels.verb === 'LIST'
    const series: RequestSeries = {
      labels,
      dryRun,
      durations: this.#durations.series(id, { ...labels, dry_run: dryRun }),
      service: this.#service.series(id, labels),
      sizes: isRead ? this.#sizes.series(id, labels) : undefined,
      codes: new Map(),
      open: undefined,
    }
    this.#series.set(id, series)
    return series
  }

  /** The watches or connections of a series that are open. */
  openOf(series: RequestSeries): Cell {
    const { labels } = series
    series.open ??= this.#longRunning.cell(Object.values(labels).join(' '), () => labels)
    return series.open
  }

  /** Counts an answer. @param seconds since the request came */
  answered(
    series: RequestSeries,
    code: number,
    seconds: number,
    agent: string | undefined,
    state: RequestState,
  ): void {
    const client = systemClientOf(agent)
    const total = client === '' ? series.codes.get(code) : undefined
    ;(total ?? this.#totalOf(series, code, client)).value++
    series.durations.observe(seconds)
    series.service.observe(state.waited === undefined ? seconds : Math.max(seconds - state.waited, 0))
    if (series.sizes && state.responseSize !== undefined) series.sizes.observe(state.responseSize)
    if (state.terminated !== undefined) this.#terminated(series, state.terminated)
    if (state.removedRelease !== undefined) this.#asked(series, state.removedRelease)
  }

  #totalOf(series: RequestSeries, code: number, client: string): Cell {
    const { labels, dryRun } = series
    const all = { ...labels, dry_run: dryRun, code: String(code), system_client: client }
    const cell = this.#totals.cell(Object.values(all).join(' '), () => all)
    if (client === '') series.codes.set(code, cell)
    if (client === 'kube-apiserver') this.#own(labels)
    return cell
  }

  #own({ verb, group, resource, subresource }: RequestLabels): void {
    const told = { verb, group, resource, subresource }
    this.#ownRequests.add(Object.values(told).join(' '), () => told)
  }

  #terminated({ labels }: RequestSeries, code: number): void {
    const told = { ...labels, code: String(code) }
    this.#terminations.add(Object.values(told).join(' '), () => told)
  }

  #asked({ labels }: RequestSeries, removedRelease: string): void {
    const { group, version, resource, subresource } = labels
    const told = { group, version, resource, subresource, removed_release: removedRelease }
    this.#deprecated.cell(Object.values(told).join(' '), () => told).value = 1
  }
}

/** As few steps as tell the series of requests apart. */
const idOf = (info: RequestInfo, type: string | undefined): string =>
  info.isResourceRequest
    ? `${reportedVerb(info, type)} ${info.group}/${info.version}/${info.resource}/${info.subresource} ${scopeOf(info)} `
    : `${info.method} ${labelsOf(info, type).subresource} `
