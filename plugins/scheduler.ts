export interface SchedulerPlugin {
  readonly name: string
}
