import { styleText } from 'node:util'

/** An error that says what the user can do about it. */
export class UserError extends Error {
  readonly code = 'USER'
  readonly hint: string | undefined

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UserError'
    this.hint = hint
  }
}

/** Prints an error as a person wants to read it and makes the process exit non-zero. The stack is for SKIFF_DEBUG=1. */
export function reportFailure(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  console.error(`${styleText('red', 'error:', { stream: process.stderr })} ${message}`)
  if (error instanceof UserError && error.hint) console.error(error.hint)
  if (process.env.SKIFF_DEBUG && error instanceof Error) console.error(error.stack)
  process.exitCode = 1
}
