export interface ServiceProxy {
  readonly name: string
}
