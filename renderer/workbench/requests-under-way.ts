import { WorkbenchError } from '../../electron/contract/workbench-error.ts';
import type { ErrorInfo } from '../../electron/contract.ts';

interface Waiting {
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

/** Requests that were sent and not answered yet, by their ids. */
export class RequestsUnderWay {
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;

  add(resolve: Waiting['resolve'], reject: Waiting['reject']): number {
    const id = this.#nextId++;
    this.#waiting.set(id, { resolve, reject });
    return id;
  }

  settle(answer: { readonly id: number; readonly reply?: unknown; readonly error?: ErrorInfo }): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    if (answer.error === undefined) waiting.resolve(answer.reply);
    else waiting.reject(new WorkbenchError(answer.error));
  }

  fail(id: number, error: unknown): void {
    this.#waiting.get(id)?.reject(error);
    this.#waiting.delete(id);
  }

  failAll(error: unknown): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of all) reject(error);
  }

  get size(): number {
    return this.#waiting.size;
  }
}
