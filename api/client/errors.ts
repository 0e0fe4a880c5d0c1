/** The server could not be reached, or the connection broke before a whole answer came. Worth trying again. */
export class ConnectionError extends Error {
  readonly code: 'CONNECTION' | 'TIMEOUT'

  constructor(code: ConnectionError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ConnectionError'
    this.code = code
  }
}
