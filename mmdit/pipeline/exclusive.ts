/** A pipeline was asked for something while it was busy with something else. */
export class PipelineBusyError extends Error {
  override readonly name = 'PipelineBusyError';

  constructor(running: string) {
    super(`The pipeline is busy (${running}); wait for it or cancel it first`);
  }
}

/** Lets one piece of work run at a time. */
export class Exclusive {
  #running: string | null = null;

  /** Throws PipelineBusyError while other work runs. */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#running !== null) throw new PipelineBusyError(this.#running);
    this.#running = name;
    try {
      return await work();
    } finally {
      this.#running = null;
    }
  }
}
