export interface DnsPlugin {
  readonly name: string
}
