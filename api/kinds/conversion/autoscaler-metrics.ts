/**
 * Metrics of autoscaling/v2 as autoscaling/v1 writes them in its annotations: the same facts under flat names. Each row is
 * one source of metrics: where its parts are in v2, and what v1 calls them.
 */

type Paths = Record<string, string>

/** v1 name → path in v2. */
const SPECS: Record<string, Paths> = {
  resource: {
    name: 'name',
    targetAverageUtilization: 'target.averageUtilization',
    targetAverageValue: 'target.averageValue',
  },
  containerResource: {
    name: 'name',
    container: 'container',
    targetAverageUtilization: 'target.averageUtilization',
    targetAverageValue: 'target.averageValue',
  },
  pods: {
    metricName: 'metric.name',
    selector: 'metric.selector',
    targetAverageValue: 'target.averageValue',
  },
  object: {
    target: 'describedObject',
    metricName: 'metric.name',
    selector: 'metric.selector',
    targetValue: 'target.value',
    averageValue: 'target.averageValue',
  },
  external: {
    metricName: 'metric.name',
    metricSelector: 'metric.selector',
    targetValue: 'target.value',
    targetAverageValue: 'target.averageValue',
  },
}

const STATUSES: Record<string, Paths> = {
  resource: {
    name: 'name',
    currentAverageUtilization: 'current.averageUtilization',
    currentAverageValue: 'current.averageValue',
  },
  containerResource: {
    name: 'name',
    container: 'container',
    currentAverageUtilization: 'current.averageUtilization',
    currentAverageValue: 'current.averageValue',
  },
  pods: {
    metricName: 'metric.name',
    selector: 'metric.selector',
    currentAverageValue: 'current.averageValue',
  },
  object: {
    target: 'describedObject',
    metricName: 'metric.name',
    selector: 'metric.selector',
    currentValue: 'current.value',
    averageValue: 'current.averageValue',
  },
  external: {
    metricName: 'metric.name',
    metricSelector: 'metric.selector',
    currentValue: 'current.value',
    currentAverageValue: 'current.averageValue',
  },
}

/** Quantities v1 must always write, if as nothing. */
const ALWAYS: Record<string, string> = {
  'resource status': 'currentAverageValue',
  'containerResource status': 'currentAverageValue',
  'object spec': 'targetValue',
  'object status': 'currentValue',
  'external status': 'currentValue',
}

type Metric = { type: string } & Record<string, any>

/** Name of the member that holds a metric's source: `ContainerResource` → `containerResource`. */
const sourceOf = ({ type = '' }: Metric): string => type.charAt(0).toLowerCase() + type.slice(1)

function read(object: any, path: string): unknown {
  return path.split('.').reduce((value, part) => value?.[part], object)
}

function write(object: any, path: string, value: unknown): void {
  const [first, second] = path.split('.') as [string, string | undefined]
  if (second === undefined) object[first] = value
  else object[first] = { ...object[first], [second]: value }
}

function flatten(metric: Metric, table: Record<string, Paths>, what: string): Metric {
  const name = sourceOf(metric)
  const flat: Record<string, unknown> = {}
  for (const [short, path] of Object.entries(table[name] ?? {})) {
    const value = read(metric[name], path)
    if (value !== undefined) flat[short] = value
  }
  const always = ALWAYS[`${name} ${what}`]
  if (always) flat[always] ??= '0'
  return { type: metric.type, [name]: flat }
}

function unfold(metric: Metric, table: Record<string, Paths>): Metric {
  const name = sourceOf(metric)
  const source: any = {}
  for (const [short, path] of Object.entries(table[name] ?? {})) {
    const value = metric[name]?.[short]
    if (value !== undefined && value !== null) write(source, path, value)
  }
  return { type: metric.type, [name]: source }
}

function withTargetType(metric: Metric): Metric {
  const { target } = metric[sourceOf(metric)]
  if (!target) return metric
  // An average wins: v1 had to write a value beside it, if only a zero.
  if (target.averageValue !== undefined && target.value === '0') delete target.value
  const type =
    target.averageUtilization !== undefined
      ? 'Utilization'
      : target.averageValue !== undefined
        ? 'AverageValue'
        : 'Value'
  metric[sourceOf(metric)].target = { type, ...target }
  return metric
}

export const flattenSpec = (metric: Metric): Metric => flatten(metric, SPECS, 'spec')
export const flattenStatus = (metric: Metric): Metric => flatten(metric, STATUSES, 'status')
export const unfoldSpec = (metric: Metric): Metric => withTargetType(unfold(metric, SPECS))
export function unfoldStatus(metric: Metric): Metric {
  const unfolded = unfold(metric, STATUSES)
  const { current } = unfolded[sourceOf(unfolded)]
  if (current?.averageValue !== undefined && current.value === '0') delete current.value
  return unfolded
}
