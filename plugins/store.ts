export interface StorePlugin {
  readonly name: string
}
