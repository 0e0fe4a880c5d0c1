/** A command of a client, and what shows that it did what it is for. `NS` and `ID` stand for names of the run's own. */
export interface Command {
  /** As the table calls it; all commands of one name make one row. */
  name: string
  run: string
  /** The first minor version of kubectl that has it in this form, for APIs that are served. */
  since?: number
  /** Standard input. */
  input?: string
  /** What the output has to contain (standard output and error). */
  expect: RegExp
  /** Ends with an error on purpose. */
  fails?: true
}

/** Splits a command line at spaces as a shell does; `'…'` holds words together. */
export function splitWords(line: string): string[] {
  const words = line.match(/(?:'[^']*'|[^\s'])+/g) ?? []
  return words.map(word => word.replaceAll("'", ''))
}
