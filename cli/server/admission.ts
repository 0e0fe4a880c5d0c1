import {
  DEPENDENT,
  enabledPlugins,
  PLUGIN_NAMES,
  switchFault,
} from '../../control-plane/admission/plugin-names.ts'
import type { AdmissionSettings, TolerationSeconds } from '../../control-plane/admission/settings.ts'
import { UserError } from '../failure.ts'
import type { ServerOptions } from './options.ts'

/**
 * What the options say of admission plugins.
 * @throws UserError where they name a plugin that is not there, or a file that cannot be used
 */
export async function readAdmission(options: ServerOptions): Promise<AdmissionSettings> {
  const { enableAdmissionPlugins: enable = [], disableAdmissionPlugins: disable = [] } = options
  const fault = switchFault({ enable, disable })
  if (fault) throw new UserError(fault, `There are ${PLUGIN_NAMES.toSorted().join(', ')}.`)
  const file = options.admissionControlConfigFile
  const isTold = file !== undefined || DEPENDENT.some(name => enable.includes(name))
  const settings = { enable, disable, tolerationSeconds: tolerationSeconds(options) }
  if (!isTold) return settings
  const { readAdmissionConfiguration } = await import('../../control-plane/admission/configuration/read.ts')
  const configurations = await readAdmissionConfiguration(file, enabledPlugins({ enable, disable })).catch(
    cause => {
      throw new UserError(`--admission-control-config-file: ${cause.message}`, 'See docs/admission.md.', {
        cause,
      })
    },
  )
  return { ...settings, configurations }
}

function tolerationSeconds({
  defaultNotReadyTolerationSeconds: notReady,
  defaultUnreachableTolerationSeconds: unreachable,
}: ServerOptions): TolerationSeconds {
  return { ...(notReady !== undefined && { notReady }), ...(unreachable !== undefined && { unreachable }) }
}
