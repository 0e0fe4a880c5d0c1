import { isIP } from 'node:net'
import type { Directive } from '../../corefile/parse.ts'
import { CorefileError } from '../../corefile/tokens.ts'
import { expectArgs, parseCount, parseDuration, unknownProperty } from '../../corefile/values.ts'
import type { SetUp } from '../../setup.ts'
import { normalizeName, parseZone } from '../../wire/names.ts'
import type { Upstream } from './exchange.ts'
import { createForward, type ForwardOptions, type ForwardPolicy } from './forward.ts'
import { followResolvConf } from './resolv-conf.ts'

const PORT = 53
const POLICIES: ForwardPolicy[] = ['random', 'round_robin', 'sequential']

/** `forward FROM TO... { … }`; TO is an address, with or without port, or a file like resolv.conf. */
export const setUp: SetUp = (directive, context) => {
  expectArgs(directive, 2, Infinity)
  const [from, ...to] = directive.args
  const sources = to.map(place => parsePlace(place, directive, context.addresses))
  const options: ForwardOptions = {
    from: parseZone(from!),
    except: [],
    upstreams: () => sources.flatMap(source => source()),
    policy: 'random',
    forceTcp: false,
    maxFails: 2,
    healthInterval: 0.5,
    healthDomain: '',
    maxConcurrent: 0,
  }
  for (const property of directive.block) readProperty(property, options)
  return createForward(options)
}

function parsePlace(place: string, directive: Directive, own: string[]): () => Upstream[] {
  if (place.startsWith('tls://') || place.startsWith('https://') || place.startsWith('grpc://')) {
    throw new CorefileError(directive.line, `forward: ${place}: only plain DNS (dns://) can be forwarded to`)
  }
  const upstream = parseAddress(place.replace(/^dns:\/\//, ''))
  if (upstream) return () => [upstream]
  if (place.startsWith('/') || place.startsWith('.')) return followResolvConf(place, own)
  throw new CorefileError(directive.line, `forward: "${place}" is neither an address nor a file`)
}

function parseAddress(text: string): Upstream | undefined {
  if (isIP(text)) return { address: text, port: PORT }
  const match = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text)
  const address = match?.[1] ?? match?.[2]
  if (!address || !isIP(address)) return undefined
  return { address, port: match?.[3] ? Number(match[3]) : PORT }
}

function readProperty(property: Directive, options: ForwardOptions): void {
  const { name, args } = property
  if (name === 'except') options.except = args.map(parseZone)
  else if (name === 'force_tcp') options.forceTcp = true
  else if (name === 'policy') options.policy = parsePolicy(property)
  else if (name === 'max_fails') options.maxFails = parseCount(args[0], property)
  else if (name === 'max_concurrent') options.maxConcurrent = parseCount(args[0], property)
  else if (name === 'health_check') readHealthCheck(property, options)
  else if (name !== 'prefer_udp' && name !== 'expire') throw unknownProperty('forward', property)
}

function parsePolicy({ args, line }: Directive): ForwardPolicy {
  const policy = args[0] as ForwardPolicy
  if (POLICIES.includes(policy)) return policy
  throw new CorefileError(line, `forward: policy "${policy ?? ''}" is none of ${POLICIES.join(', ')}`)
}

/** `health_check DURATION [no_rec] [domain NAME]`. */
function readHealthCheck(property: Directive, options: ForwardOptions): void {
  expectArgs(property, 1, 4)
  options.healthInterval = Math.max(0.01, parseDuration(property.args[0]!, property))
  const domain = property.args.indexOf('domain')
  if (domain > 0) options.healthDomain = normalizeName(property.args[domain + 1] ?? '')
}
