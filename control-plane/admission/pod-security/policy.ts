import { type FieldError, invalidValue } from '../../../api/meta/status.ts'
import { LATEST, LEVELS } from './checks.ts'

const PREFIX = 'pod-security.kubernetes.io/'
export const MODES = ['enforce', 'audit', 'warn'] as const
const VERSION = /^v1\.(0|[1-9]\d*)$/

export type Mode = (typeof MODES)[number]

/** A level at a version. */
export interface Level {
  level: string
  /** The minor version; {@link LATEST} for the newest. */
  minor: number
  /** `restricted:latest`. */
  name: string
}

/** What is asked of Pods. */
export type Policy = Readonly<Record<Mode, Level>>

/** Whom nothing is asked of. */
export interface Exemptions {
  usernames: ReadonlySet<string>
  runtimeClasses: ReadonlySet<string>
  namespaces: ReadonlySet<string>
}

/** What holds where namespaces say nothing (pod-security.admission.config.k8s.io/v1 PodSecurityConfiguration). */
export interface PodSecuritySettings {
  defaults: Policy
  exemptions: Exemptions
}

export type Labels = Record<string, string> | undefined

/** `version`: `latest`, or `v1.30`; what cannot be read is the latest. */
export function levelAt(level: string, version: string): Level {
  const minor = VERSION.exec(version)?.[1]
  return {
    level,
    minor: minor === undefined ? LATEST : Number(minor),
    name: `${level}:${minor === undefined ? 'latest' : version}`,
  }
}

const PRIVILEGED = levelAt('privileged', 'latest')
const NOBODY: ReadonlySet<string> = new Set()

/** Upstream's defaults: nothing is asked of anybody. */
export const OPEN: PodSecuritySettings = {
  defaults: { enforce: PRIVILEGED, audit: PRIVILEGED, warn: PRIVILEGED },
  exemptions: { usernames: NOBODY, runtimeClasses: NOBODY, namespaces: NOBODY },
}

/**
 * What a namespace's labels ask for, beside what is asked anyhow. What cannot be read is enforced strictly, and told of to
 * nobody. Who chooses a stricter level to be enforced is warned by it too.
 */
export function policyOf(labels: Labels, defaults: Policy): Policy {
  if (!labels || !Object.keys(labels).some(name => name.startsWith(PREFIX))) return defaults
  const read = (mode: Mode): Level => {
    const [wanted, version] = [labels[PREFIX + mode], labels[`${PREFIX}${mode}-version`]]
    const fallback = mode === 'enforce' ? 'restricted' : 'privileged'
    const level = wanted === undefined ? defaults[mode].level : isLevel(wanted) ? wanted : fallback
    return levelAt(level, version ?? versionOf(defaults[mode]))
  }
  const [enforce, warn] = [read('enforce'), read('warn')]
  const chosen = labels[`${PREFIX}enforce`]
  const isInherited =
    chosen !== undefined &&
    isLevel(chosen) &&
    labels[`${PREFIX}warn`] === undefined &&
    isStricter(enforce, warn)
  const inherited = levelAt(enforce.level, labels[`${PREFIX}warn-version`] ?? versionOf(enforce))
  return { enforce, audit: read('audit'), warn: isInherited ? inherited : warn }
}

const versionOf = ({ minor }: Level): string => (minor === LATEST ? 'latest' : `v1.${minor}`)

export const isLevel = (level: string): boolean => LEVELS.includes(level)
export const isVersion = (version: string): boolean => version === 'latest' || VERSION.test(version)

const isStricter = (a: Level, b: Level): boolean => LEVELS.indexOf(a.level) > LEVELS.indexOf(b.level)

/** Whether nothing is asked of anybody. */
export const isOpen = (policy: Policy): boolean => MODES.every(mode => policy[mode].level === 'privileged')

/** What of a policy was chosen by labels: `enforce=baseline:latest, warn=restricted:v1.30`. */
export const chosenLevels = (labels: Labels, policy: Policy): string =>
  MODES.filter(mode => policy[mode].level !== 'privileged')
    .filter(
      mode => labels?.[PREFIX + mode] !== undefined || labels?.[`${PREFIX}${mode}-version`] !== undefined,
    )
    .map(mode => `${mode}=${policy[mode].name}`)
    .join(', ')

export const LEVEL_FAULT = `must be one of ${LEVELS.join(', ')}`
export const VERSION_FAULT = 'must be "latest" or "v1.x"'

/** What is wrong with the labels by which a namespace chooses its levels. */
export function labelFaults(labels: Record<string, string> = {}): FieldError[] {
  return MODES.flatMap(mode => {
    const [level, version] = [PREFIX + mode, `${PREFIX}${mode}-version`]
    const fault = (label: string, detail: string): FieldError =>
      invalidValue(`metadata.labels[${label}]`, labels[label], detail)
    return [
      ...(labels[level] === undefined || isLevel(labels[level]) ? [] : [fault(level, LEVEL_FAULT)]),
      ...(labels[version] === undefined || isVersion(labels[version]) ? [] : [fault(version, VERSION_FAULT)]),
    ]
  })
}

/** Whether one level at a version asks for no more than another one. */
export const isRelaxed = (now: Level, before: Level): boolean =>
  now.level === 'privileged' ||
  now.name === before.name ||
  (now.minor === before.minor && LEVELS.indexOf(now.level) <= LEVELS.indexOf(before.level))
