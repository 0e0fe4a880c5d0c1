import type { ApiObject } from '../../meta/object.ts'
import type { Column } from '../kind.ts'
import { since } from './duration.ts'

/** The AGE cell. */
export const objectAge = (object: ApiObject, now: Date): string =>
  since(object.metadata.creationTimestamp, now)

export const NAME: Column = { name: 'Name', type: 'string', format: 'name', value: '.metadata.name' }
export const AGE: Column = { name: 'Age', type: 'string', value: objectAge }

type Value<T> = Column<T>['value']

/** A column of every `kubectl get`. */
export const column = <T>(name: string, value: Value<T>, type: Column['type'] = 'string'): Column<T> => ({
  name,
  type,
  value,
})

/** A column of `-o wide` only. */
export const wide = <T>(name: string, value: Value<T>, type: Column['type'] = 'string'): Column<T> => ({
  name,
  type,
  priority: 1,
  value,
})

/** What is not empty, each once, sorted. */
export const sortedSet = (values: (string | undefined)[]): string[] =>
  [...new Set(values.filter(value => value !== undefined && value !== ''))].sort() as string[]

/** `a=1,b=2`, `<none>` for nothing. */
export function formatLabels(labels: Record<string, string> | undefined | null): string {
  const entries = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.length === 0 ? '<none>' : entries.map(([key, value]) => `${key}=${value}`).join(',')
}

interface SelectorLike {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

/** A LabelSelector as metav1.FormatLabelSelector prints it. */
export function formatSelector(selector: SelectorLike | undefined | null): string {
  if (!selector) return '<none>'
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${[...values].sort().join(',')})`
  })
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`)
  const terms = [...labels, ...expressions].sort()
  return terms.length === 0 ? '<none>' : terms.join(',')
}

interface TemplateLike {
  spec?: { containers: { name: string; image?: string }[] }
}

/** CONTAINERS, IMAGES and SELECTOR of a workload, all `-o wide`. */
export function workloadColumns<T>(
  template: (object: T) => TemplateLike | undefined,
  selector: (object: T) => string,
): Column<T>[] {
  const containers = (object: T): { name: string; image?: string }[] =>
    template(object)?.spec?.containers ?? []
  return [
    wide('Containers', object =>
      containers(object)
        .map(({ name }) => name)
        .join(','),
    ),
    wide('Images', object =>
      containers(object)
        .map(({ image }) => image ?? '')
        .join(','),
    ),
    wide('Selector', selector),
  ]
}
