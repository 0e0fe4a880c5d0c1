/** Milliseconds of a clock that all threads share and that is never put right, unlike the time of day. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6
