import type { RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import type { Client, InformerFactory } from '../../api/client/client.ts'
import { nodes, pods, serviceAccounts } from '../../api/kinds/core.ts'
import type { KindDeclaration } from '../../api/kinds/kind.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../api/kinds/rbac.ts'
import { loadSchemas } from '../../api/schema/schemas.ts'
import type { AdmissionPlugin } from '../../plugins/admission.ts'
import type { Logger } from '../../plugins/plugin.ts'
import type { StorePlugin } from '../../plugins/store.ts'
import { admissionPlugins } from '../admission/builtin.ts'
import { createAdmissionChain } from '../admission/chain.ts'
import { createDynamicAdmission, type DynamicAdmission } from '../admission/dynamic.ts'
import { AdmissionMetrics } from '../admission/metrics.ts'
import { enabledPlugins } from '../admission/plugin-names.ts'
import type { AdmissionSettings } from '../admission/settings.ts'
import { createAuthenticator, type TokenAuthenticator } from '../auth/authenticators.ts'
import { createAuthorizer } from '../auth/authorizers.ts'
import { bootstrapPolicy } from '../auth/bootstrap.ts'
import { createBootstrapTokens } from '../auth/bootstrap-tokens.ts'
import type { Pki } from '../auth/pki.ts'
import { createRuleResolver } from '../auth/rbac.ts'
import { createServiceAccountTokens } from '../auth/service-account-tokens.ts'
import { strategies } from '../registry/strategies.ts'
import { Aggregator } from './aggregation/aggregator.ts'
import { publishAuthentication } from './aggregation/authentication-config.ts'
import { LocalServices } from './aggregation/local-services.ts'
import { registerAvailability } from './aggregation/metrics.ts'
import { createApp } from './app.ts'
import { auditMetricsOf } from './audit/metrics.ts'
import type { AuditPolicy } from './audit/policy.ts'
import { EVENT_TTL, expireEvents } from './bootstrap/expire-events.ts'
import { reconcileKubernetesService } from './bootstrap/kubernetes-service.ts'
import { ensureNamespaces } from './bootstrap/namespaces.ts'
import { ensurePriorityClasses } from './bootstrap/priority-classes.ts'
import { ensureServiceCidr } from './bootstrap/service-cidr.ts'
import { startCustomResources } from './custom/start.ts'
import { DiscoveryHandler } from './discovery/handler.ts'
import type { HealthCheck } from './discovery/health.ts'
import { OpenApiHandler } from './discovery/openapi.ts'
import { OpenIdHandler } from './discovery/openid.ts'
import { createFlowControl } from './fairness/create.ts'
import { ensureFlowConfiguration } from './fairness/ensure.ts'
import type { FlowControl } from './fairness/flow-control.ts'
import { followFlowConfiguration } from './fairness/follow.ts'
import { registerFlowMetrics } from './fairness/metrics.ts'
import { type HttpServer, listen } from './http-server.ts'
import { createMachinery, type Machinery } from './machinery.ts'
import { AccessMetrics, decisionCounts } from './metrics/access-metrics.ts'
import { createIndicators, handshakeFailures, registerServerMetrics } from './metrics/server-metrics.ts'
import { timedStore } from './metrics/timed-store.ts'
import type { AuditSink } from './pipeline/audit.ts'
import { fairness } from './pipeline/fairness.ts'
import { DEFAULT_LIMITS, type InflightLimits, limits } from './pipeline/limits.ts'
import { metrics } from './pipeline/metrics.ts'
import { createConnector } from './proxy/connect.ts'
import { storeCall } from './rest/core.ts'
import { type Routes, route } from './routes.ts'
import { AGGREGATION_STEPS, CUSTOM_STEPS, FAIRNESS_STEPS, LIMIT_STEPS, Startup } from './startup.ts'

export interface ApiServerOptions {
  store: StorePlugin
  pki: Pki
  bindAddress: string
  /** 0 for any that is free. */
  port: number
  /** The address others reach this server at. */
  advertiseAddress: string
  serviceCIDR: string
  clusterDomain: string
  /** How long Events are kept, in milliseconds (an hour). */
  eventTtl?: number
  /** Further bearer tokens, e.g. of a file (`readTokenFile`). */
  tokens?: readonly TokenAuthenticator[]
  /** Run after the built-in ones and before webhooks. */
  admissionPlugins?: readonly AdmissionPlugin[]
  /** Which of the built-in ones are on, and what they are told; upstream's defaults where left out. */
  admission?: AdmissionSettings
  /** Metrics of the store's, to be shown with the server's. */
  registry?: Registry
  /** Further checks of the server's health. */
  checks?: readonly HealthCheck[]
  /** Told of requests when given; see `AuditSink`. */
  audit?: AuditSink
  /** Whether requests wait for what `audit` gives. */
  auditBlocks?: boolean
  /** Of which requests, and how much; who did what of all of them by default. */
  auditPolicy?: AuditPolicy
  /** Milliseconds for which /livez is well although the start is not done (`--livez-grace-period`). */
  livezGracePeriod?: number
  /** Requests answered at the same time; upstream's numbers by default. */
  limits?: Partial<InflightLimits>
  /** False to refuse what goes beyond the limits, without queues (`--enable-priority-and-fairness`). */
  hasFairness?: boolean
  log: Logger
  /** Stops the server when aborted. */
  signal: AbortSignal
}

export interface ApiServer {
  port: number
  /** The API within this process, unrestricted. */
  client: Client
  informers: InformerFactory
  /** Ends watches and idle connections and lets requests finish for some seconds. The store stays open. */
  stop(): Promise<void>
}

/** How far the start has come. Requests other than for health wait for `bootstrapped`. */
interface Progress {
  /** By `performance.now()`. */
  startedAt: number
  bootstrapped: Promise<void>
  isBootstrapped: boolean
  isStopping: boolean
  startup: Startup
}

const HEALTH_PATH = /^\/(healthz|livez|readyz)/
/** Kinds that authentication and authorization look at. */
const RIGHTS: readonly KindDeclaration<any>[] = [
  clusterRoles,
  clusterRoleBindings,
  roles,
  roleBindings,
  serviceAccounts,
  nodes,
  pods,
]
const STOP_GRACE = 5_000
const RECONCILE_INTERVAL = 10_000
/** How often the configuration of priority and fairness is seen to, upstream's figure. */
const FAIRNESS_INTERVAL = 60_000

/** Starts an API server; resolves when it is ready: namespaces and policy are there, the port is open. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { log, serviceCIDR, admissionPlugins: others = [], admission: settings } = options
  const registry = options.registry ?? new Registry()
  let dynamic: DynamicAdmission | undefined
  const machinery = createMachinery({
    store: timedStore(options.store, registry),
    strategies,
    schemas: loadSchemas(),
    log,
    admission(made) {
      const { MutatingAdmissionWebhook: mutating, ValidatingAdmissionWebhook: validating } =
        settings?.configurations ?? {}
      dynamic = createDynamicAdmission({ ...made, registry, log, credentials: { mutating, validating } })
      const plugins = admissionPlugins({ ...made, serviceCIDR, dynamic, others, registry, settings })
      return createAdmissionChain(plugins, new AdmissionMetrics(registry))
    },
  })
  const { client, informers, kinds } = machinery
  const control = orClose(machinery, () =>
    options.hasFairness === false ? undefined : createFlowControl(options.limits, kinds),
  )
  const aggregator = new Aggregator({ client, informers, frontProxy: options.pki.frontProxy.client, log })
  const local = new LocalServices({ client, informers, kinds, log })
  const start = Promise.withResolvers<void>()
  const startup = new Startup(control ? LIMIT_STEPS : FAIRNESS_STEPS)
  const progress: Progress = {
    bootstrapped: start.promise,
    startedAt: performance.now(),
    isBootstrapped: false,
    isStopping: false,
    startup,
  }
  const server = await listen(
    createHandler(options, { machinery, aggregator, control, local, registry }, progress),
    {
      bindAddress: options.bindAddress,
      port: options.port,
      key: options.pki.serving.key,
      cert: options.pki.serving.cert,
      ca: options.pki.ca.cert,
      handshakeFailed: handshakeFailures(registry),
    },
  )
  const stopping = new AbortController()
  let stopped: Promise<void> | undefined
  const stop = () => {
    progress.isStopping = true
    stopping.abort()
    machinery.close()
    stopped ??= server.stop(STOP_GRACE)
    return stopped
  }
  options.signal.addEventListener('abort', () => void stop(), { once: true })
  try {
    await bootstrap(options, machinery, server, startup)
    const { signal } = stopping
    const following = control && followFlowConfiguration({ control, client, informers, log, signal })
    await Promise.all([
      startup.run(
        startCustomResources(machinery, log, signal, () => local.sync()),
        ...CUSTOM_STEPS,
      ),
      startup.run(aggregator.start(signal), ...AGGREGATION_STEPS),
      startup.run(following, ...(control ? FAIRNESS_STEPS : LIMIT_STEPS)),
    ])
    await startup.run(dynamic?.start(), 'start-apiserver-admission-initializer')
    await startup.run(local.start(), 'kube-apiserver-autoregistration')
  } catch (error) {
    await stop()
    throw error
  }
  progress.isBootstrapped = true
  start.resolve()
  void maintain(options, machinery, { server, local }, stopping.signal)
  return { port: server.port, client, informers, stop }
}

/** Gives back what was begun where the next step fails: its caches would try to load for ever. */
function orClose<T>(machinery: Machinery, step: () => T): T {
  try {
    return step()
  } catch (error) {
    machinery.close()
    throw error
  }
}

/** What a server is made of. */
interface Parts {
  machinery: Machinery
  aggregator: Aggregator
  control: FlowControl | undefined
  local: LocalServices
  registry: Registry
}

/** Wires the parts that answer requests. */
function createHandler(
  options: ApiServerOptions,
  { machinery, aggregator, control, local, registry }: Parts,
  progress: Progress,
) {
  const { pki, log } = options
  const { client, admitted, informers, kinds, core } = machinery
  const tokens = createServiceAccountTokens(pki.serviceAccountKey, () => informers)
  const known = [tokens, createBootstrapTokens(() => informers), ...(options.tokens ?? [])]
  const access = new AccessMetrics(registry)
  const authenticator = createAuthenticator(known, seconds => access.certificate(seconds))
  const authorizer = createAuthorizer({ informers, countOf: decisionCounts(registry) })
  const rules = createRuleResolver(informers)
  registerServerMetrics(registry, kinds, options.store)
  registerAvailability(registry, informers)
  const indicators = createIndicators()
  if (control) registerFlowMetrics(registry, control)
  const current = async (looked: readonly KindDeclaration<any>[]): Promise<void> => {
    await storeCall(Promise.all(looked.map(kind => kinds.of(kind).cache.current())))
  }
  const connect = createConnector({ informers, current, client: pki.kubeletClient, ca: pki.ca.cert })
  const address = `${options.advertiseAddress}:${options.port}`
  const passesLabels = enabledPlugins(options.admission).includes('PodTopologyLabels')
  const review = { client, admitted, informers, authorizer, authenticator, tokens, rules, passesLabels }
  const routes: Routes = {
    resources: { core, kinds, review, connect },
    discovery: new DiscoveryHandler(kinds, address, aggregator),
    openapi: new OpenApiHandler(kinds, core.schemas, aggregator),
    openid: new OpenIdHandler(pki.serviceAccountKey.publicKey, address),
    aggregator,
    health: {
      checks: healthChecks(options, machinery.informers, local, progress),
      graceMs: options.livezGracePeriod ?? 0,
      startedAt: progress.startedAt,
      observe: indicators.observe,
    },
    indicators: indicators.registry,
    fairness: control,
    registry,
    log,
  }
  const app = createApp({
    log,
    authenticator,
    authorizer,
    schemas: core.schemas,
    metrics: metrics(registry),
    access,
    limits: control
      ? fairness(control, registry)
      : limits({ ...DEFAULT_LIMITS, ...options.limits }, registry),
    audit: options.audit && {
      sink: options.audit,
      blocks: options.auditBlocks,
      policy: options.auditPolicy,
      metrics: auditMetricsOf(registry),
    },
    handle: ctx => route(ctx, routes),
  })
  return gate(app.callback(), progress)
}

/** Until rights can be looked up nobody is refused for having none: requests wait, but for those that ask for health. */
function gate(handler: RequestListener, progress: Progress): RequestListener {
  return (request, response) => {
    if (progress.isBootstrapped || HEALTH_PATH.test(request.url ?? '')) handler(request, response)
    else void progress.bootstrapped.then(() => handler(request, response))
  }
}

function healthChecks(
  { store, checks = [] }: ApiServerOptions,
  informers: InformerFactory,
  local: LocalServices,
  progress: Progress,
): HealthCheck[] {
  const isTrue = (holds: () => boolean, fault: string) => () => {
    if (!holds()) throw new Error(fault)
  }
  return [
    { name: 'ping', check() {} },
    { name: 'log', check() {} },
    { name: 'etcd', check: () => store.ping() },
    { name: 'etcd-readiness', check: () => store.ping(), readinessOnly: true },
    {
      name: 'informer-sync',
      check: isTrue(() => RIGHTS.every(kind => informers.informer(kind).hasSynced), 'informers not synced'),
      readinessOnly: true,
    },
    ...checks,
    ...progress.startup.checks(),
    {
      name: 'autoregister-completion',
      isBoot: true,
      check: isTrue(() => local.isComplete, 'missing APIServices'),
    },
    {
      name: 'shutdown',
      check: isTrue(() => !progress.isStopping, 'process is shutting down'),
      readinessOnly: true,
    },
  ]
}

async function bootstrap(
  options: ApiServerOptions,
  { client, informers }: Machinery,
  { port }: HttpServer,
  startup: Startup,
): Promise<void> {
  await startup.run(ensureNamespaces(client), 'start-system-namespaces-controller')
  const service = reconcileKubernetesService(client, { ...options, port })
  await Promise.all([
    startup.run(bootstrapPolicy(client), 'rbac/bootstrap-roles'),
    startup.run(ensurePriorityClasses(client), 'scheduling/bootstrap-system-priority-classes'),
    startup.run(ensureFlowConfiguration(client), 'priority-and-fairness-config-producer'),
    startup.run(publishAuthentication(client, options.pki), 'start-cluster-authentication-info-controller'),
    startup.run(service, 'bootstrap-controller'),
    startup.run(
      ensureServiceCidr(client, options.serviceCIDR, options.log),
      'start-kubernetes-service-cidr-controller',
    ),
  ])
  const rights = Promise.all(RIGHTS.map(kind => informers.informer(kind).synced()))
  await startup.run(rights, 'generic-apiserver-start-informers')
}

/** What goes on for as long as the server runs. */
async function maintain(
  options: ApiServerOptions,
  { client, kinds }: Machinery,
  { server, local }: { server: HttpServer; local: LocalServices },
  signal: AbortSignal,
): Promise<void> {
  const { store, log } = options
  const events = kinds.find('', 'v1', 'events')
  if (events) void expireEvents(store, events.cache, options.eventTtl ?? EVENT_TTL, log, signal)
  const keepFairness = () => ensureFlowConfiguration(client)
  void repeat(FAIRNESS_INTERVAL, 'cannot keep the FlowSchemas', log, signal, keepFairness)
  await repeat(RECONCILE_INTERVAL, 'cannot keep the kubernetes Service', log, signal, async () => {
    if (!local.isComplete) local.sync()
    await ensureNamespaces(client)
    await reconcileKubernetesService(client, { ...options, port: server.port })
  })
}

/** Does something every so many milliseconds until the signal aborts; what goes wrong is logged and tried again. */
async function repeat(
  interval: number,
  fault: string,
  log: Logger,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(interval, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    try {
      await work()
    } catch (error) {
      log.warn({ error: (error as Error).message }, fault)
    }
  }
}
