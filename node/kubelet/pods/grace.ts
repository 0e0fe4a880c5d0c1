/** The time a Pod's containers have to end. It begins when it is set first and can only get shorter. */
export interface Grace {
  /** Gives them so many seconds from now, if that is less than they have. */
  shorten(seconds: number): void
  /** Seconds left, not below 0; undefined while nobody has asked them to end. */
  secondsLeft(): number | undefined
  /** Resolves the next time it gets shorter. */
  changed(): Promise<void>
}

export function createGrace(): Grace {
  let deadline: number | undefined
  let change = Promise.withResolvers<void>()
  return {
    shorten(seconds) {
      const wanted = Date.now() + seconds * 1000
      if (deadline !== undefined && wanted >= deadline) return
      deadline = wanted
      change.resolve()
      change = Promise.withResolvers<void>()
    },
    secondsLeft: () => (deadline === undefined ? undefined : Math.max(0, (deadline - Date.now()) / 1000)),
    changed: () => change.promise,
  }
}
