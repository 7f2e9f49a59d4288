import type { Reply, RequestName, RequestParams, Workbench, WorkbenchEvent } from '../../electron/contract.ts';

type Handlers = { [N in RequestName]?: (params: RequestParams<N>) => Promise<Reply<N>> | Reply<N> };

export interface FakeWorkbench extends Workbench {
  /** Requests so far, in their order. */
  readonly asked: { readonly name: RequestName; readonly params: unknown }[];
  emit(event: WorkbenchEvent): void;
}

/** A host in memory that knows only the requests it is given; any other is an error. */
export function fakeWorkbench(handlers: Handlers): FakeWorkbench {
  const asked: FakeWorkbench['asked'] = [];
  const listeners = new Set<(event: WorkbenchEvent) => void>();
  return {
    asked,
    async request(name, params) {
      asked.push({ name, params });
      const handler = handlers[name];
      if (handler === undefined) throw new Error(`no handler for ${name}`);
      return handler(params);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    emit(event) {
      for (const listener of listeners) listener(event);
    },
  };
}
