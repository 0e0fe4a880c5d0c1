/** A volume could not be made; the message is the one of a FailedMount event. */
export class VolumeError extends Error {
  readonly code = 'VOLUME'
}
