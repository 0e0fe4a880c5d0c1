/** How far a change of a running Pod's resources is (KEP-1287); undefined when there is none to do. */
export type Resize =
  | { type: 'PodResizePending'; reason: 'Deferred' | 'Infeasible'; message: string }
  | { type: 'PodResizeInProgress'; reason?: 'Error'; message?: string }
