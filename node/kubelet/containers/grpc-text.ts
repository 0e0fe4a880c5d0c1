/** Names of gRPC's status codes as Go prints them. */
const CODES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
]
const UNKNOWN = 2

/** A runtime's error as messages of a kubelet name it: `rpc error: code = NotFound desc = …`. */
export function grpcText(error: unknown): string {
  const { code, message } = error as { code?: unknown; message: string }
  const name = CODES[typeof code === 'number' ? code : UNKNOWN] ?? 'Unknown'
  return `rpc error: code = ${name} desc = ${message}`
}

/** As {@link grpcText}, without the code where it says nothing. */
export function briefGrpcText(error: unknown): string {
  const { code, message } = error as { code?: unknown; message: string }
  return typeof code === 'number' && code !== UNKNOWN ? grpcText(error) : message
}
