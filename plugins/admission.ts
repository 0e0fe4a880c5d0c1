export interface AdmissionPlugin {
  readonly name: string
}
