export interface NetworkPlugin {
  readonly name: string
}
