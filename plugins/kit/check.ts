/** Runs one requirement of a suite: its title says what must hold, and `run` throws when it does not. */
export type Check = (title: string, run: () => Promise<void>) => Promise<void>

/** What became of a suite. */
export interface Report {
  passed: number
  failed: number
}

/** Runs a suite and tells each outcome by a line, in the form of TAP. A requirement that fails does not end the suite. */
export async function runSuite(
  suite: (check: Check) => Promise<void>,
  tell: (line: string) => void,
): Promise<Report> {
  const report = { passed: 0, failed: 0 }
  const number = (): number => report.passed + report.failed
  await suite(async (title, run) => {
    try {
      await withDeadline(run)
      report.passed += 1
      tell(`ok ${number()} - ${title}`)
    } catch (error) {
      report.failed += 1
      tell(`not ok ${number()} - ${title}`)
      for (const line of String((error as Error).message).split('\n')) tell(`  # ${line}`)
    }
  })
  tell(`1..${number()}`)
  return report
}

const DEADLINE = 300_000

async function withDeadline(run: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${DEADLINE / 1000} s`)), DEADLINE)
  })
  try {
    await Promise.race([run(), late])
  } finally {
    clearTimeout(timer)
  }
}
