export interface RuntimePlugin {
  readonly name: string
}
