/**
 * Replaces `$(NAME)` by the variable's value; `$$(NAME)` gives `$(NAME)`; a name that is not defined stays as it is
 * written (kubernetes.io, "Define dependent environment variables").
 */
export function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, what: string, name: string | undefined) => {
    if (what === '$') return '$'
    return values.get(name ?? '') ?? whole
  })
}
