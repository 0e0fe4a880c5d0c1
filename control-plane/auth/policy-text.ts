import type { PolicyRule } from '../../api/kinds/types.ts'

/**
 * Rules as text, one a line: `GROUPS: RESOURCES | VERBS`, and `| NAMES` where only some objects are meant. `core` is the
 * core group, and `url` before paths that are no resources.
 */
export function policyRules(text: string): PolicyRule[] {
  return text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(policyRule)
}

const words = (text: string): string[] => text.trim().split(' ')

function policyRule(line: string): PolicyRule {
  const [what = '', verbs = '', names] = line.split(' | ')
  const [groups = '', things = ''] = what.split(': ')
  if (groups.trim() === 'url') return { nonResourceURLs: words(things), verbs: words(verbs) }
  return {
    apiGroups: words(groups).map(group => (group === 'core' ? '' : group)),
    resources: words(things),
    verbs: words(verbs),
    ...(names && { resourceNames: words(names) }),
  }
}
