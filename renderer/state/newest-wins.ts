export interface NewestWins {
  /** Runs the task, once it is free; asked for several times meanwhile, it runs once more. */
  run(): void;
  /** Whether another run waits behind the one under way. */
  isWaiting(): boolean;
}

/**
 * At most one run of `task` at a time, and never a queue: a slider that moves faster than the host answers is followed
 * by the newest value alone. `task` must not throw.
 */
export function newestWins(task: () => Promise<void>): NewestWins {
  let busy = false;
  let again = false;
  const loop = async () => {
    busy = true;
    do {
      again = false;
      await task();
    } while (again);
    busy = false;
  };
  return {
    run() {
      if (busy) again = true;
      else void loop();
    },
    isWaiting: () => again,
  };
}
