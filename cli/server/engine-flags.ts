/**
 * V8 settings of each part (see docs/performance.md). A small young generation keeps idle processes small; the API server,
 * which turns over many short-lived buffers, gets a larger one. And its code, a thousand functions that each request goes
 * through once, is compiled for good early and at once: with a compiler in between much of it was compiled twice, while
 * requests waited.
 */
export function engineFlags(part: string): string[] {
  const quiet = '--disable-warning=ExperimentalWarning'
  if (part !== 'apiserver') return ['--max-semi-space-size=2', quiet]
  return ['--max-semi-space-size=16', '--no-maglev', '--invocation-count-for-turbofan=1000', quiet]
}
