/**
 * V8 settings of each part. A small young generation keeps idle processes small; the API server, which turns over many
 * short-lived buffers, gets a larger one (see docs/performance.md).
 */
export function memoryFlags(part: string): string[] {
  const semiSpace = part === 'apiserver' ? 16 : 2
  return [`--max-semi-space-size=${semiSpace}`, '--disable-warning=ExperimentalWarning']
}
