/** One line of a metric: its labels, value, and when it was measured (milliseconds since the epoch). */
export interface Sample {
  labels?: Record<string, string>
  value: number
  time?: number | undefined
}

/** A metric that is measured when it is asked for. */
export interface Family {
  name: string
  help: string
  type: 'counter' | 'gauge'
  samples: Sample[]
}

/** Prometheus' text format; what was not measured is left out. */
export const exposition = (families: Family[]): string =>
  families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(
        sample => `${name}${labelText(sample.labels)} ${sample.value}${timeText(sample)}`,
      )
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`
    })
    .join('')

const timeText = ({ time }: Sample): string => (time === undefined ? '' : ` ${Math.round(time)}`)

function labelText(labels: Record<string, string> = {}): string {
  const entries = Object.entries(labels)
  return entries.length === 0
    ? ''
    : `{${entries.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`
}

const escapeLabel = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
