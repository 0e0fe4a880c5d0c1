import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { parse } from 'yaml'
import { describeFieldError, type FieldError } from '../../../api/meta/status.ts'
import { DEPENDENT, PLUGIN_NAMES, type PluginName } from '../plugin-names.ts'
import type { PluginConfigurations } from '../settings.ts'
import type { Configurable } from './configurable.ts'
import { CONFIGURABLE } from './plugins.ts'
import { admissionConfiguration } from './shapes.ts'

/** A file of `--admission-control-config-file`, or one that it names, which cannot be used. */
export class AdmissionConfigurationError extends Error {
  readonly code = 'ADMISSION_CONFIGURATION'
}

interface Declared {
  name: string
  path?: string
  configuration?: unknown
}

const API_VERSIONS = ['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1']
const KIND = 'AdmissionConfiguration'

/**
 * Reads an AdmissionConfiguration. What plugins that are off are told is not looked at.
 * @param file none where there is none; plugins that need one then say so
 * @throws AdmissionConfigurationError naming file, field, value and what was expected
 */
export async function readAdmissionConfiguration(
  file: string | undefined,
  enabled: readonly PluginName[],
): Promise<PluginConfigurations> {
  const declared = file === undefined ? [] : await readDeclared(file)
  const configurations: Record<string, unknown> = {}
  for (const name of enabled) {
    const configurable = CONFIGURABLE[name]
    if (!configurable) continue
    const found = declared.find(each => each.name === name)
    const content = found && (await contentOf(found, file!))
    if (content === undefined && !DEPENDENT.includes(name)) continue
    const folder = file === undefined ? '.' : dirname(file)
    configurations[name] = await readOne(name, configurable, content, folder)
  }
  return configurations as PluginConfigurations
}

async function readDeclared(file: string): Promise<Declared[]> {
  const content = await readYaml(file, cause => {
    throw new AdmissionConfigurationError(
      `unable to read admission control configuration from ${JSON.stringify(file)} [${cause.message}]`,
      { cause },
    )
  })
  const { apiVersion = '', kind = '' } = (content ?? {}) as { apiVersion?: unknown; kind?: unknown }
  // The two that could once be told something by a file of their own still can.
  if (apiVersion === '' && kind === '' && isOldForm(content)) {
    const name = 'imagePolicy' in (content as object) ? 'ImagePolicyWebhook' : 'PodNodeSelector'
    return [{ name, configuration: content }]
  }
  if (!API_VERSIONS.includes(String(apiVersion)) || kind !== KIND) {
    throw new AdmissionConfigurationError(
      `${file}: expected apiVersion ${JSON.stringify(API_VERSIONS[0])}, kind ${JSON.stringify(KIND)}, found ${JSON.stringify(apiVersion)}, ${JSON.stringify(kind)}`,
    )
  }
  checkShape(admissionConfiguration, content, file)
  const { plugins = [] } = content as { plugins?: Declared[] }
  const unknown = plugins.findIndex(({ name }) => !PLUGIN_NAMES.includes(name as PluginName))
  if (unknown >= 0) {
    const name = JSON.stringify(plugins[unknown]!.name)
    throw new AdmissionConfigurationError(
      `${file}: plugins[${unknown}].name: no admission plugin is called ${name}`,
    )
  }
  return plugins
}

const isOldForm = (content: unknown): boolean =>
  typeof content === 'object' &&
  content !== null &&
  ('podNodeSelectorPluginConfig' in content || 'imagePolicy' in content)

/** What is within the file comes before what it names. */
async function contentOf({ name, path, configuration }: Declared, file: string): Promise<unknown> {
  if (configuration !== undefined && configuration !== null) return configuration
  if (!path) return undefined
  return await readYaml(resolve(dirname(file), path), cause => {
    throw new AdmissionConfigurationError(
      `couldn't open admission plugin configuration ${path} of ${name}: ${cause.message}`,
      { cause },
    )
  })
}

async function readYaml(file: string, fail: (cause: Error) => never): Promise<unknown> {
  try {
    return parse(await readFile(file, 'utf8'))
  } catch (cause) {
    return fail(cause as Error)
  }
}

async function readOne(
  name: string,
  { shape, types, faults, read }: Configurable,
  given: unknown,
  folder: string,
): Promise<unknown> {
  const where = `couldn't init admission plugin ${JSON.stringify(name)}`
  const fail = (why: string, cause?: unknown): never => {
    throw new AdmissionConfigurationError(`${where}: ${why}`, { cause })
  }
  if (given === undefined && types.length === 0) fail('no config specified')
  const content = given ?? {}
  const { apiVersion = '', kind = '' } = content as { apiVersion?: unknown; kind?: unknown }
  if (types.length > 0 && given !== undefined && !types.includes(`${apiVersion} ${kind}`)) {
    const found = `apiVersion ${JSON.stringify(apiVersion)}, kind ${JSON.stringify(kind)}`
    fail(`expected ${types.join(' or ')}, found ${found}`)
  }
  checkShape(shape, content, where)
  const wrong = faults(content)
  if (wrong.length > 0) fail(textOf(wrong))
  try {
    return await read(content, folder)
  } catch (cause) {
    return fail((cause as Error).message, cause)
  }
}

const textOf = (faults: readonly FieldError[]): string =>
  faults.length === 1 ? describeFieldError(faults[0]!) : `[${faults.map(describeFieldError).join(', ')}]`

const MOST_FAULTS = 5

function checkShape(shape: TSchema, content: unknown, where: string): void {
  const checker = Compile(shape)
  if (checker.Check(content)) return
  const faults = [...checker.Errors(content)]
    .slice(0, MOST_FAULTS)
    .map(({ instancePath, message, params }) => {
      const field = instancePath.slice(1).replaceAll('/', '.') || 'the document'
      const extra = (params as { additionalProperties?: string[] }).additionalProperties
      return extra
        ? `${field}: unknown field ${extra.map(name => JSON.stringify(name)).join(', ')}`
        : `${field} ${message}`
    })
  throw new AdmissionConfigurationError(`${where}: ${[...new Set(faults)].join('; ')}`)
}
