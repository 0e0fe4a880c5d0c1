import { type FieldError, invalidValue } from '../../../api/meta/status.ts'
import { LATEST, LEVELS } from './checks.ts'

const PREFIX = 'pod-security.kubernetes.io/'
const MODES = ['enforce', 'audit', 'warn'] as const
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

const PRIVILEGED: Level = { level: 'privileged', minor: LATEST, name: 'privileged:latest' }

/** What a namespace's labels ask for. What cannot be read is enforced strictly, and told of to nobody. */
export function levelOf(labels: Record<string, string> | undefined, mode: Mode): Level {
  const [wanted, version] = [labels?.[`${PREFIX}${mode}`], labels?.[`${PREFIX}${mode}-version`]]
  if (wanted === undefined && version === undefined) return PRIVILEGED
  const fallback = mode === 'enforce' ? 'restricted' : 'privileged'
  const level = wanted === undefined ? 'privileged' : LEVELS.includes(wanted) ? wanted : fallback
  const minor = VERSION.exec(version ?? '')?.[1]
  return {
    level,
    minor: minor === undefined ? LATEST : Number(minor),
    name: `${level}:${minor === undefined ? 'latest' : `v1.${minor}`}`,
  }
}

/** What is wrong with the labels by which a namespace chooses its levels. */
export function labelFaults(labels: Record<string, string> = {}): FieldError[] {
  return MODES.flatMap(mode => {
    const [level, version] = [`${PREFIX}${mode}`, `${PREFIX}${mode}-version`]
    const isLevel = labels[level] === undefined || LEVELS.includes(labels[level])
    const given = labels[version]
    const isVersion = given === undefined || given === 'latest' || VERSION.test(given)
    return [
      ...(isLevel
        ? []
        : [invalidValue(`metadata.labels[${level}]`, labels[level], `must be one of ${LEVELS.join(', ')}`)]),
      ...(isVersion
        ? []
        : [invalidValue(`metadata.labels[${version}]`, given, 'must be "latest" or "v1.x"')]),
    ]
  })
}

/** Whether one level at a version asks for no more than another one. */
export const isRelaxed = (now: Level, before: Level): boolean =>
  now.level === 'privileged' ||
  now.name === before.name ||
  (now.minor === before.minor && LEVELS.indexOf(now.level) <= LEVELS.indexOf(before.level))
