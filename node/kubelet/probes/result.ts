/** How one probe went; `message` is for the Unhealthy event. */
export interface ProbeResult {
  ok: boolean
  message: string
}
