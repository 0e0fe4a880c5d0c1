import { isDeepStrictEqual } from 'node:util'

/** Records shown around a change. */
const CONTEXT = 2

const TYPES: Record<string, string> = {
  containers: '[]core.Container',
  initContainers: '[]core.Container',
  ephemeralContainers: '[]core.EphemeralContainer',
  volumes: '[]core.Volume',
  tolerations: '[]core.Toleration',
  env: '[]core.EnvVar',
  ports: '[]core.ContainerPort',
  volumeMounts: '[]core.VolumeMount',
  nodeSelector: 'map[string]string',
  limits: 'core.ResourceList',
  requests: 'core.ResourceList',
  accessModes: '[]core.PersistentVolumeAccessMode',
  command: '[]string',
  args: '[]string',
}

/** Fields that Go holds by reference, with their type. */
const POINTERS: Record<string, string> = {
  terminationGracePeriodSeconds: 'int64',
  activeDeadlineSeconds: 'int64',
  tolerationSeconds: 'int64',
  enableServiceLinks: 'bool',
  automountServiceAccountToken: 'bool',
  priority: 'int32',
  storageClassName: 'string',
  volumeMode: 'string',
}

const MAPS = new Set(['nodeSelector', 'limits', 'requests'])

/** A name in JSON as Go's field: `dnsPolicy` is `DNSPolicy`. */
const goName = (name: string): string =>
  name
    .replace(/^(api|cpu|dns|ip|ipc|nfs|os|pid|tty|uid|url)(?=[A-Z]|$)/, known => known.toUpperCase())
    .replace(/^[a-z]/, letter => letter.toUpperCase())
    .replace(/(Ip|Pid|Ipc|Uid|Url|Dns)(?=[A-Z]|$)/g, known => known.toUpperCase())

/** What was there and what is to be, in the form of Go's cmp.Diff: `-` and `+` before what differs. */
export function goDiff(type: string, old: object, wanted: object): string {
  const body = bodyLines(old as Json, wanted as Json, 1, '')
  return `${[`  ${type}{`, ...body, '  }'].join('\n')}\n`
}

type Json = Record<string, unknown> | unknown[]

interface Entry {
  key: string
  label: string
  old: unknown
  wanted: unknown
  isSame: boolean
}

function bodyLines(old: Json, wanted: Json, depth: number, field: string): string[] {
  const entries = entriesOf(old, wanted, field)
  const changed = entries.flatMap(({ isSame }, i) => (isSame ? [] : [i]))
  const isShown = (i: number): boolean => changed.some(at => Math.abs(at - i) <= CONTEXT)
  const what = Array.isArray(wanted) ? 'elements' : MAPS.has(field) ? 'entries' : 'fields'
  const lines: string[] = []
  let hidden = 0
  const tell = (): void => {
    if (hidden > 0) lines.push(`  ${'\t'.repeat(depth)}... // ${hidden} identical ${what}`)
    hidden = 0
  }
  entries.forEach((entry, i) => {
    if (!isShown(i)) hidden++
    else {
      tell()
      lines.push(...entryLines(entry, depth))
    }
  })
  tell()
  return lines
}

function entriesOf(old: Json, wanted: Json, field: string): Entry[] {
  const keys = [...new Set([...Object.keys(old), ...Object.keys(wanted)])]
  const isList = Array.isArray(wanted) || Array.isArray(old)
  return keys.map(key => {
    const before = (old as Record<string, unknown>)[key]
    const after = (wanted as Record<string, unknown>)[key]
    const name = MAPS.has(field) ? JSON.stringify(key) : goName(key)
    const label = isList ? '' : `${name}: `
    return { key, label, old: before, wanted: after, isSame: isDeepStrictEqual(before, after) }
  })
}

const isContainer = (value: unknown): value is Json => typeof value === 'object' && value !== null

function entryLines({ key, label, old, wanted, isSame }: Entry, depth: number): string[] {
  const indent = '\t'.repeat(depth)
  if (isSame) return [`  ${indent}${label}${inline(key, old)},`]
  if (isContainer(old) && isContainer(wanted) && Array.isArray(old) === Array.isArray(wanted)) {
    const open = `  ${indent}${label}${TYPES[key] ?? (label ? '' : '')}{`
    return [open, ...bodyLines(old, wanted, depth + 1, key), `  ${indent}},`]
  }
  const isListed = label === ''
  const removed = isListed && old === undefined ? [] : [`- ${indent}${label}${inline(key, old)},`]
  const added = isListed && wanted === undefined ? [] : [`+ ${indent}${label}${inline(key, wanted)},`]
  return [...removed, ...added]
}

function inline(key: string, value: unknown): string {
  if (value === undefined || value === null) return 'nil'
  if (Array.isArray(value)) return `${TYPES[key] ?? ''}{${value.map(item => inline('', item)).join(', ')}}`
  if (typeof value === 'object') {
    const parts = Object.entries(value).map(([name, part]) =>
      MAPS.has(key)
        ? `${JSON.stringify(name)}: ${inline('', part)}`
        : `${goName(name)}: ${inline(name, part)}`,
    )
    return `${TYPES[key] ?? ''}{${parts.join(', ')}}`
  }
  const pointer = POINTERS[key]
  const text = JSON.stringify(value)
  return pointer ? `&${pointer}(${text})` : text
}
