/** What the kernel refused: `code` is its errno by name (`ENODEV`), the message says what was asked. */
export class NetlinkError extends Error {
  readonly code: string

  constructor(code: string, asked: string, options?: ErrorOptions) {
    super(`${asked}: ${MEANINGS[code] ?? 'refused by the kernel'} (${code})`, options)
    this.name = 'NetlinkError'
    this.code = code
  }
}

/** The errnos that come up in daily use, in words that say what to look for. */
const MEANINGS: Record<string, string> = {
  EPERM: 'needs CAP_NET_ADMIN, run as root',
  EACCES: 'needs CAP_NET_ADMIN, run as root',
  ENODEV: 'there is no such link',
  ENOENT: 'it is not there',
  ESRCH: 'it is not there',
  EEXIST: 'it exists already',
  EADDRNOTAVAIL: 'it is not there',
  ENETUNREACH: 'the gateway cannot be reached over this link',
  ENETDOWN: 'the link is down',
  EBUSY: 'it is in use',
  ENOTSUP: 'this kernel has no such kind or feature',
  EOPNOTSUPP: 'this kernel has no such kind or feature',
  EINVAL: 'the kernel takes no such combination of values',
  ETIMEDOUT: 'the kernel gave no answer in time',
}

/** Waits for a change; true when it was made, false when it failed with one of the codes. */
export async function answers(change: Promise<unknown>, ...codes: string[]): Promise<boolean> {
  try {
    await change
    return true
  } catch (error) {
    if (error instanceof NetlinkError && codes.includes(error.code)) return false
    throw error
  }
}
