import { isValidLabelValue } from '../../../api/meta/validation.ts'

/** Labels of nodes that are on their way out, and what is said of them. */
export const DEPRECATED_LABELS: Record<string, string> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region':
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone':
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type':
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods':
    'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
}

/** Expressions of a selector of nodes; values that no label can have are told of where rules let them pass. */
export function selectorTermWarnings(term: any, path: string, checksValues = false): string[] {
  const expressions: any[] = term?.matchExpressions ?? []
  return expressions.flatMap(({ key, values = [] }, i) => {
    const at = `${path}.matchExpressions[${i}]`
    const known = DEPRECATED_LABELS[key]
    return [
      ...(known ? [`${at}.key: ${key} is ${known}`] : []),
      ...(checksValues
        ? (values as string[]).flatMap((value, v) =>
            isValidLabelValue(value).map(fault => `${at}.values[${v}]: ${value} is invalid, ${fault}`),
          )
        : []),
    ]
  })
}

/** A label selector that is asked of nodes. */
export function labelSelectorWarnings(selector: any, path: string): string[] {
  return [
    ...selectorTermWarnings(selector, path),
    ...Object.keys(selector?.matchLabels ?? {}).flatMap(label =>
      DEPRECATED_LABELS[label] ? [`${path}.matchLabels.${label}: ${DEPRECATED_LABELS[label]}`] : [],
    ),
  ]
}
