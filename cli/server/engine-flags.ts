import { availableParallelism } from 'node:os'

const QUIET = '--disable-warning=ExperimentalWarning'

/**
 * V8 settings of each part (see docs/performance.md). A small young generation keeps idle processes small; the API server,
 * which turns over many short-lived buffers, gets a larger one. Its code, a thousand functions that each request goes
 * through once, is compiled for good early: with a compiler in between much of it was compiled twice. All of it has room
 * in the queue, or functions are asked for again and again, and the few that are huge stay out. Little is inlined: that
 * saves a quarter of the compiler's time and costs the code next to nothing. On few cores one thread compiles and
 * collects beside the requests: four of them held requests up.
 */
export function engineFlags(part: string): string[] {
  if (part !== 'apiserver') return ['--max-semi-space-size=2', QUIET]
  const threads = availableParallelism() > 2 ? [] : ['--v8-pool-size=1']
  return [
    '--max-semi-space-size=16',
    '--no-maglev',
    '--invocation-count-for-turbofan=1000',
    '--concurrent-recompilation-queue-length=64',
    '--max-optimized-bytecode-size=8000',
    '--max-inlined-bytecode-size-cumulative=350',
    ...threads,
    QUIET,
  ]
}
