import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import {
  type FieldError,
  invalid,
  invalidValue,
  notSupported,
  required as requiredError,
} from '../../../api/meta/status.ts'
import { collect, each, fields, type Rule, required } from '../../registry/rules/check.ts'
import { subdomain } from '../../registry/rules/values.ts'
import { type AuditPolicy, LEVELS, STAGES } from './policy.ts'

/**
 * Reads the file of `--audit-policy-file`.
 * @throws where it cannot be read, or says what no policy can: field by field
 */
export async function readAuditPolicy(file: string): Promise<AuditPolicy> {
  try {
    return parsePolicy(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new Error(`loading audit policy file: ${(cause as Error).message}: from file ${file}`, { cause })
  }
}

function parsePolicy(text: string): AuditPolicy {
  const policy = parse(text)
  if (typeof policy !== 'object' || policy === null) throw new Error('failed decoding: expected an object')
  const { apiVersion = '', kind = '', rules } = policy
  if (apiVersion !== 'audit.k8s.io/v1' || kind !== 'Policy') {
    throw new Error(`unknown group version field ${apiVersion}, Kind=${kind} in policy`)
  }
  if (rules !== undefined && !Array.isArray(rules)) throw new Error('failed decoding: rules: expected a list')
  const faults = collect(stages(policy.omitStages ?? [], 'omitStages'), each(rule)(rules ?? [], 'rules'))
  if (faults.length > 0) throw new Error(textOf(faults))
  if (!rules || rules.length === 0) throw new Error('loaded illegal policy with 0 rules')
  return policy
}

/** The faults in the words that clients are told them in. */
function textOf(faults: readonly FieldError[]): string {
  const { causes = [] } = invalid({ group: '', kind: 'Policy' }, '', faults).status.details!
  return causes.map(({ field, message }) => `${field}: ${message}`).join(', ')
}

const stages: Rule<string[]> = (values, path) =>
  values.flatMap((stage, i) =>
    (STAGES as readonly string[]).includes(stage)
      ? []
      : [invalidValue(`${path}[${i}]`, stage, `allowed stages are ${STAGES.join(',')}`)],
  )

const level: Rule<string> = (value, path) =>
  (LEVELS as readonly string[]).includes(value) ? [] : [notSupported(path, value, LEVELS)]

const url: Rule<string> = (value, path) => {
  if (value === '*') return []
  const slash = "non-resource URL rules must begin with a '/' character"
  const star = "non-resource URL wildcards '*' must be the final character of the rule"
  return collect(
    !value.startsWith('/') && [invalidValue(path, value, slash)],
    value.slice(0, -1).includes('*') && [invalidValue(path, value, star)],
  )
}

const resources: Rule = ({ group, resources = [], resourceNames = [] }, path) => {
  const at = path.replace(/\[\d+\]$/, '')
  const detail = 'using resourceNames requires at least one resource'
  return collect(
    group && subdomain(group, `${at}.group`),
    resourceNames.length > 0 &&
      resources.length === 0 && [invalidValue(`${at}.resourceNames`, resourceNames, detail)],
  )
}

const rule: Rule = (value, path) => {
  if (typeof value !== 'object' || value === null) return [requiredError(`${path}.level`, '')]
  const { nonResourceURLs = [], resources: chosen = [], namespaces = [] } = value
  const isMixed = nonResourceURLs.length > 0 && chosen.length + namespaces.length > 0
  const detail = 'rules cannot apply to both regular resources and non-resource URLs'
  return collect(
    fields({
      level: required(level),
      nonResourceURLs: each(url),
      resources: each(resources),
      omitStages: stages,
    })(value, path),
    isMixed && [invalidValue(`${path}.nonResourceURLs`, nonResourceURLs, detail)],
  )
}
