export interface CloudProvider {
  readonly name: string
}
