import { type FieldError, forbiddenField, invalidValue, required } from '../../../api/meta/status.ts'
import { collect, FINE, fields, type Rule, required as requiredRule } from '../rules/check.ts'
import { labelSelector } from '../rules/labels.ts'
import { fileMode, ownPath } from '../rules/values.ts'
import { downwardFiles, keysToPaths } from './files.ts'

const LEAST_SECONDS = 600
const MOST_SECONDS = 2 ** 32

const keySource: Rule = (source, path) =>
  collect(
    !source.name && [required(`${path}.name`, '')],
    source.items && keysToPaths(source.items, `${path}.items`),
  )

/** The place of the token stands at the volume, as upstream has it. */
const tokenSource =
  (volumePath: string): Rule =>
  ({ expirationSeconds = 3_600, path }, at) => {
    const faults: FieldError[] = []
    const seconds = `${at}.expirationSeconds`
    if (expirationSeconds < LEAST_SECONDS) {
      const detail = 'may not specify a duration less than 10 minutes'
      faults.push(invalidValue(seconds, expirationSeconds, detail))
    }
    if (expirationSeconds > MOST_SECONDS) {
      const detail = 'may not specify a duration larger than 2^32 seconds'
      faults.push(invalidValue(seconds, expirationSeconds, detail))
    }
    if (!path) faults.push(required(`${volumePath}.path`, ''))
    else faults.push(...ownPath(path, `${volumePath}.path`))
    return faults
  }

const bundleSource: Rule = (source, path) => {
  const { name, signerName, labelSelector: selector } = source
  const faults: FieldError[] = []
  if (name !== undefined && signerName !== undefined) {
    faults.push(invalidValue(path, source, 'only one of name and signerName may be used'))
  } else if (name === undefined && signerName === undefined) {
    faults.push(required(path, 'either name or signerName must be specified'))
  } else if (name !== undefined && selector) {
    const detail = 'labelSelector must be unset if name is specified'
    faults.push(invalidValue(`${path}.labelSelector`, selector, detail))
  } else if (selector) faults.push(...labelSelector(selector, `${path}.labelSelector`))
  return [...faults, ...fields({ path: requiredRule(ownPath) })(source, path)]
}

/** The files a source makes, each with what is shown when its place is taken. */
function filesOf(source: any): [path: string, shown: string][] {
  const { secret, configMap, downwardAPI, clusterTrustBundle } = source
  const named = (keys: any): [string, string][] =>
    (keys?.items ?? []).map((item: any) => [item.path, keys.name])
  const own = (items: any[]): [string, string][] => items.map(({ path }) => [path, path])
  return [
    ...named(secret),
    ...named(configMap),
    ...own(downwardAPI?.items ?? []),
    ...own(clusterTrustBundle ? [clusterTrustBundle] : []),
  ]
}

function validateSource(source: any, volumePath: string, path: string): readonly FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle } = source
  const given = [secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle].filter(Boolean)
  return collect(
    secret && keySource(secret, `${path}.secret`),
    configMap && keySource(configMap, `${path}.configMap`),
    downwardAPI && downwardFiles(downwardAPI.items ?? [], `${path}.downwardAPI`),
    serviceAccountToken && tokenSource(volumePath)(serviceAccountToken, `${path}.serviceAccountToken`),
    clusterTrustBundle && bundleSource(clusterTrustBundle, `${path}.clusterTrustBundle`),
    given.length > 1 && [forbiddenField(path, 'may not specify more than 1 volume type per source')],
  )
}

/** A core/v1 ProjectedVolumeSource: several sources in one folder, none in the place of another. */
export const projectedSource: Rule = ({ defaultMode, sources = [] }, path) => {
  const taken = new Set<string>()
  const faults: FieldError[] = []
  sources.forEach((source: any, i: number) => {
    faults.push(...validateSource(source, path, `${path}.sources[${i}]`))
    for (const [file, shown] of filesOf(source)) {
      if (file && taken.has(file)) faults.push(invalidValue(path, shown, 'conflicting duplicate paths'))
      taken.add(file)
    }
  })
  return collect(defaultMode !== undefined ? fileMode(defaultMode, `${path}.defaultMode`) : FINE, faults)
}
