import {
  CniError,
  CODES,
  type Command,
  type Invocation,
  type NetworkConfig,
  type Result,
  SUPPORTED_VERSIONS,
  toVersion,
} from './wire/types.ts'

/** A CNI plugin: `add` and `del` are required, for the rest there is a default. */
export interface CniPlugin {
  name: string
  add(call: Invocation): Promise<Result>
  /** Must succeed when there is nothing to delete. */
  del(call: Invocation): Promise<void>
  check?(call: Invocation): Promise<void>
  status?(call: Invocation): Promise<void>
  gc?(call: Invocation): Promise<void>
}

/** What a caller gives: the environment and standard input. */
export interface RawCall {
  env: Record<string, string | undefined>
  stdin: string
}

/** What it gets: standard output and exit code. */
export interface RawAnswer {
  stdout: string
  exitCode: number
}

const COMMANDS: Command[] = ['ADD', 'DEL', 'CHECK', 'STATUS', 'GC', 'VERSION']

/** Variables, the field each fills, and the commands that must have it. */
const ENVIRONMENT: [
  variable: string,
  field: 'containerId' | 'netns' | 'ifname' | 'path',
  required: Command[],
][] = [
  ['CNI_CONTAINERID', 'containerId', ['ADD', 'DEL', 'CHECK']],
  ['CNI_NETNS', 'netns', ['ADD', 'CHECK']],
  ['CNI_IFNAME', 'ifname', ['ADD', 'DEL', 'CHECK']],
  ['CNI_PATH', 'path', ['GC']],
]

/** Runs one call of a plugin: reads its environment and input, checks them, answers or tells the error. */
export async function runPlugin(plugin: CniPlugin, raw: RawCall): Promise<RawAnswer> {
  let version = '1.0.0'
  try {
    const command = readCommand(raw)
    if (command === 'VERSION') return success({ cniVersion: '1.1.0', supportedVersions: SUPPORTED_VERSIONS })
    const config = readConfig(raw.stdin)
    version = config.cniVersion
    const result = await dispatch(plugin, readInvocation(command, raw, config))
    return success(result && toVersion(result, version))
  } catch (error) {
    return failure(error as Error, version)
  }
}

const success = (answer: object | undefined): RawAnswer => ({
  stdout: answer ? JSON.stringify(answer) : '',
  exitCode: 0,
})

function failure(error: Error, cniVersion: string): RawAnswer {
  const { code, details } = error instanceof CniError ? error : { code: CODES.internal, details: '' }
  return {
    stdout: JSON.stringify({ cniVersion, code, msg: error.message, ...(details && { details }) }),
    exitCode: 1,
  }
}

function readCommand({ env }: RawCall): Command {
  const command = env.CNI_COMMAND as Command
  if (COMMANDS.includes(command)) return command
  throw new CniError(
    CODES.invalidEnvironment,
    `CNI_COMMAND is ${JSON.stringify(env.CNI_COMMAND)}, expected one of ${COMMANDS.join(', ')}`,
  )
}

function readConfig(text: string): NetworkConfig {
  let config: NetworkConfig
  try {
    config = JSON.parse(text)
  } catch (cause) {
    throw new CniError(CODES.decode, `network configuration is not JSON: ${(cause as Error).message}`, '', {
      cause,
    })
  }
  if (!(SUPPORTED_VERSIONS as readonly string[]).includes(config.cniVersion)) {
    throw new CniError(
      CODES.incompatibleVersion,
      `cniVersion is ${JSON.stringify(config.cniVersion)}, supported are ${SUPPORTED_VERSIONS.join(', ')}`,
    )
  }
  if (!config.name) throw new CniError(CODES.invalidConfig, 'network configuration has no "name"')
  return config
}

function readInvocation(command: Command, { env }: RawCall, config: NetworkConfig): Invocation {
  const call: Invocation = {
    command,
    config,
    containerId: '',
    netns: '',
    ifname: '',
    args: env.CNI_ARGS ?? '',
    path: '',
  }
  for (const [variable, field, required] of ENVIRONMENT) {
    const value = env[variable] ?? ''
    if (value === '' && required.includes(command)) {
      throw new CniError(CODES.invalidEnvironment, `${variable} is not set, ${command} needs it`)
    }
    call[field] = value
  }
  if (call.containerId && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(call.containerId)) {
    throw new CniError(
      CODES.invalidEnvironment,
      `CNI_CONTAINERID ${JSON.stringify(call.containerId)} has characters that are not allowed`,
    )
  }
  if (call.ifname.length > 15 || /[/:\s]/.test(call.ifname)) {
    throw new CniError(
      CODES.invalidEnvironment,
      `CNI_IFNAME ${JSON.stringify(call.ifname)} is no interface name`,
    )
  }
  return call
}

async function dispatch(plugin: CniPlugin, call: Invocation): Promise<Result | undefined> {
  if (call.command === 'ADD') return plugin.add(call)
  if (call.command === 'DEL') await plugin.del(call)
  else if (call.command === 'CHECK') await plugin.check?.(call)
  else if (call.command === 'STATUS') await plugin.status?.(call)
  else if (call.command === 'GC') await plugin.gc?.(call)
  return undefined
}
