import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { parse } from 'yaml'

const PluginReference = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    source: Type.Optional(Type.String()),
    config: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    isolation: Type.Optional(Type.Union([Type.Literal('none'), Type.Literal('process')])),
  },
  { additionalProperties: false },
)

const Thresholds = Type.Record(Type.String(), Type.String())

/** What can be set of the kubelet, under the names of kubelet.config.k8s.io/v1beta1. */
const KubeletSettings = Type.Partial(
  Type.Object({
    containerLogMaxSize: Type.String(),
    containerLogMaxFiles: Type.Integer({ minimum: 2 }),
    containerLogMonitorInterval: Type.String(),
    imageMinimumGCAge: Type.String(),
    imageMaximumGCAge: Type.String(),
    imageGCHighThresholdPercent: Type.Integer({ minimum: 0, maximum: 100 }),
    imageGCLowThresholdPercent: Type.Integer({ minimum: 0, maximum: 100 }),
    evictionHard: Thresholds,
    evictionSoft: Thresholds,
    evictionSoftGracePeriod: Thresholds,
    evictionPressureTransitionPeriod: Type.String(),
    evictionMaxPodGracePeriod: Type.Integer({ minimum: 0 }),
    evictionMonitorInterval: Type.String(),
  }),
  { additionalProperties: false },
)

/** `NodeConfiguration`: all a node must be told. Written by `skiff up`, or by hand. */
const NodeConfiguration = Type.Object(
  {
    apiVersion: Type.Literal('node.skiff.dev/v1alpha1'),
    kind: Type.Literal('NodeConfiguration'),
    nodeName: Type.String({ pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' }),
    /** The address other nodes and the API server reach this node at. */
    nodeAddress: Type.String(),
    dataDir: Type.String(),
    /** Kubeconfig of `system:node:NAME`. */
    kubeconfig: Type.String(),
    /** Kubeconfig of `system:kube-proxy`, for network, proxy and DNS. */
    networkKubeconfig: Type.String(),
    server: Type.Object(
      {
        port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
        certFile: Type.String(),
        keyFile: Type.String(),
        clientCAFile: Type.String(),
      },
      { additionalProperties: false },
    ),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    maxPods: Type.Optional(Type.Integer({ minimum: 1 })),
    kubelet: Type.Optional(KubeletSettings),
    clusterCIDR: Type.Optional(Type.String()),
    clusterDNS: Type.Optional(Type.String()),
    clusterDomain: Type.Optional(Type.String()),
    runtime: PluginReference,
    /** Further runtimes, by the handlers of RuntimeClasses that choose them. */
    runtimes: Type.Optional(Type.Record(Type.String(), PluginReference)),
    network: Type.Optional(PluginReference),
    proxy: Type.Optional(PluginReference),
    /** Asked in this order, before the built-in kinds of volumes. */
    volumes: Type.Optional(Type.Array(PluginReference)),
    dns: Type.Optional(
      Type.Object(
        {
          /** The text of a Corefile, or the path of one. */
          corefile: Type.Optional(Type.String()),
          /** Plugins the Corefile may name besides the built-in ones. */
          plugins: Type.Optional(Type.Array(PluginReference)),
        },
        { additionalProperties: false },
      ),
    ),
    cni: Type.Object(
      { confDir: Type.String(), binDir: Type.String(), socket: Type.Optional(Type.String()) },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)

export type NodeConfiguration = Static<typeof NodeConfiguration>

/** A configuration that cannot be used; the message names file, field, value and what was expected. */
export class ConfigurationError extends Error {
  readonly code = 'CONFIGURATION'
}

const checker = Compile(NodeConfiguration)

/** Reads and checks a node's configuration; paths in it are relative to its folder. */
export async function readNodeConfiguration(path: string): Promise<NodeConfiguration & { baseDir: string }> {
  const text = await readFile(path, 'utf8').catch(cause => {
    throw new ConfigurationError(`cannot read ${path}: ${cause.message}`, { cause })
  })
  const config = parseYaml(path, text)
  if (!checker.Check(config)) throw new ConfigurationError(`${path}: ${describeFaults(config)}`)
  const baseDir = dirname(resolve(path))
  const absolute = (file: string): string => resolve(baseDir, file)
  const { certFile, keyFile, clientCAFile } = config.server
  const corefile = config.dns?.corefile
  return {
    ...config,
    baseDir,
    dataDir: absolute(config.dataDir),
    kubeconfig: absolute(config.kubeconfig),
    networkKubeconfig: absolute(config.networkKubeconfig),
    ...(corefile && {
      dns: { ...config.dns, corefile: corefile.includes('{') ? corefile : absolute(corefile) },
    }),
    server: {
      ...config.server,
      certFile: absolute(certFile),
      keyFile: absolute(keyFile),
      clientCAFile: absolute(clientCAFile),
    },
  }
}

function parseYaml(path: string, text: string): unknown {
  try {
    return parse(text)
  } catch (cause) {
    throw new ConfigurationError(`${path} is not YAML: ${(cause as Error).message}`, { cause })
  }
}

function describeFaults(config: unknown): string {
  const faults = [...checker.Errors(config)].slice(0, 5).map(fault => {
    const field = fault.instancePath.slice(1).replaceAll('/', '.') || 'the document'
    return `${field} ${fault.message} (found ${JSON.stringify(valueAt(config, fault.instancePath))})`
  })
  return faults.join('; ')
}

function valueAt(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value)
}
