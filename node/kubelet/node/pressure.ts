/** What the node runs short of; each is a condition of the Node. */
export interface Pressure {
  memory: boolean
  disk: boolean
  pid: boolean
}
