import type { Directive } from '../../corefile/parse.ts'
import { CorefileError } from '../../corefile/tokens.ts'
import { expectArgs, parseCount, unknownProperty } from '../../corefile/values.ts'
import { type SetUp, zonesOr } from '../../setup.ts'
import { parseZone } from '../../wire/names.ts'
import { createDirectory } from './directory.ts'
import { createKubernetes, type KubernetesOptions } from './kubernetes.ts'

const DEFAULT_TTL = 5
const LONGEST_TTL = 3_600
const POD_MODES = ['disabled', 'insecure', 'verified'] as const

/** `kubernetes [ZONES...] { … }`; see README.md. */
export const setUp: SetUp = (directive, context) => {
  const options: KubernetesOptions = {
    zones: zonesOr(directive.args.map(parseZone), context),
    ttl: DEFAULT_TTL,
    fallthrough: [],
    usesPodNames: false,
    pods: 'disabled',
    ignoresEmpty: false,
    namespaces: [],
    addresses: context.addresses,
    resolve: context.resolve,
  }
  for (const property of directive.block) readProperty(property, options)
  const directory = createDirectory(context.informers, options.pods === 'verified')
  return { ...createKubernetes(directory, options), whenReady: directory.synced }
}

function readProperty(property: Directive, options: KubernetesOptions): void {
  const { name, args } = property
  if (name === 'ttl') options.ttl = parseTtl(property)
  else if (name === 'pods') options.pods = parsePodMode(property)
  else if (name === 'fallthrough') options.fallthrough = args.length > 0 ? args.map(parseZone) : ['']
  else if (name === 'namespaces') options.namespaces = args
  else if (name === 'endpoint_pod_names') options.usesPodNames = true
  else if (name === 'ignore' && args[0] === 'empty_service') options.ignoresEmpty = true
  else throw unknownProperty('kubernetes', property)
}

function parseTtl(property: Directive): number {
  expectArgs(property, 1)
  const ttl = parseCount(property.args[0], property)
  if (ttl <= LONGEST_TTL) return ttl
  throw new CorefileError(property.line, `kubernetes: ttl ${ttl} is above ${LONGEST_TTL}`)
}

function parsePodMode({ args, line }: Directive): KubernetesOptions['pods'] {
  const mode = POD_MODES.find(known => known === args[0])
  if (mode) return mode
  throw new CorefileError(line, `kubernetes: pods "${args[0] ?? ''}" is none of ${POD_MODES.join(', ')}`)
}
