import type { ExpressionWarning, ValidatingAdmissionPolicy } from '../../../api/kinds/admission-types.ts'
import { cel, loadCel } from '../../cel/lazy.ts'
import type { CheckedKind, KindSchemas } from './schemas.ts'

/** So many kinds of a rule are looked at (upstream's figure). */
const MOST_KINDS = 10
const FAILED = 'compilation failed: '

/** What does not fit together in a policy's expressions, given the kinds that it is for. */
export async function checkTypes(
  policy: ValidatingAdmissionPolicy,
  schemas: KindSchemas,
): Promise<ExpressionWarning[]> {
  const kinds = kindsOf(policy, schemas)
  if (kinds.length === 0) return []
  await loadCel()
  const checks = kinds.map(kind => typeCheck(policy, kind, schemas))
  const warn = (fieldRef: string, expression: string | undefined): ExpressionWarning[] => {
    const faults = expression ? checks.flatMap(check => check(expression) ?? []) : []
    return faults.length > 0 ? [{ fieldRef, warning: faults.join('\n') }] : []
  }
  return (policy.spec.validations ?? []).flatMap(({ expression, messageExpression }, i) => [
    ...warn(`spec.validations[${i}].expression`, expression),
    ...warn(`spec.validations[${i}].messageExpression`, messageExpression),
  ])
}

/** Gives what is wrong with an expression when objects are of a kind. */
function typeCheck(
  { spec }: ValidatingAdmissionPolicy,
  kind: CheckedKind,
  schemas: KindSchemas,
): (expression: string) => string | undefined {
  const { AdmissionCompiler, SchemaTypes } = cel()
  const { paramKind, variables = [] } = spec
  const types = new SchemaTypes()
  const object = types.declare(kind.schema, kind.kind, true)!.type
  const paramSchema = paramKind && schemas.ofKind(paramKind.apiVersion, paramKind.kind)?.schema
  const params = paramSchema && types.declare(paramSchema, `params.${paramKind.kind}`, true)?.type
  const compiler = new AdmissionCompiler({ types, object, params })
  const scope = { hasParams: paramKind !== undefined, hasAuthorizer: true }
  for (const { name, expression } of variables) compiler.define(name, expression, scope)
  const { group, version } = kind
  return expression => {
    const compiled = compiler.compile(expression, scope)
    if (!('fault' in compiled)) return undefined
    return `${group}/${version}, Kind=${kind.kind}: ${compiled.fault.replace(FAILED, '')}\n`
  }
}

/** Kinds that a policy's rules name; rules with wildcards name none. */
function kindsOf({ spec }: ValidatingAdmissionPolicy, schemas: KindSchemas): CheckedKind[] {
  const found = new Map<string, CheckedKind>()
  for (const { apiGroups = [], apiVersions = [], resources = [] } of spec.matchConstraints?.resourceRules ??
    []) {
    if ([...apiGroups, ...apiVersions].some(name => name.includes('*'))) continue
    const plain = resources.filter(resource => !/[*/]/.test(resource)).sort()
    const named = [...apiGroups]
      .sort()
      .flatMap(group =>
        [...apiVersions].sort().flatMap(version => plain.map(plural => ({ group, version, plural }))),
      )
    const kinds = named.flatMap(
      ({ group, version, plural }) => schemas.ofResource(group, version, plural) ?? [],
    )
    for (const kind of kinds.slice(0, MOST_KINDS)) found.set(nameOf(kind), kind)
  }
  return [...found.keys()].sort().map(name => found.get(name)!)
}

const nameOf = ({ group, version, kind }: CheckedKind): string => `${group} ${version} ${kind}`
