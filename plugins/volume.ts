export interface VolumePlugin {
  readonly name: string
}
