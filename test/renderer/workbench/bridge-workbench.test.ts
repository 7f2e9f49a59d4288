import { describe, expect, it } from 'vitest';
import type { WorkbenchEvent } from '../../../electron/contract.ts';
import { connectBridgeWorkbench, type WorkbenchBridge } from '../../../renderer/workbench/bridge-workbench.ts';

describe("the client of Electron's bridge", () => {
  it('passes requests on, and turns errors that came as data into errors', async () => {
    const bridge: WorkbenchBridge = {
      request: async (name, params) =>
        name === 'jobs.cancel'
          ? { reply: { got: params } }
          : { error: { name: 'NotFoundError', message: 'gone', hint: 'Look.' } },
      subscribe: () => () => {},
    };
    const { workbench, onStatus } = connectBridgeWorkbench(bridge);
    expect(await workbench.request('jobs.cancel', { id: 'x' })).toEqual({ got: { id: 'x' } });
    const refused = workbench.request('runs.open', { run: 'x' });
    await expect(refused).rejects.toBeInstanceOf(Error);
    await expect(refused).rejects.toMatchObject({ name: 'NotFoundError', message: 'gone', hint: 'Look.' });
    const statuses: string[] = [];
    onStatus((status) => statuses.push(status))();
    expect(statuses).toEqual(['open']);
  });

  it('passes events on until told otherwise', () => {
    const listeners = new Set<(event: WorkbenchEvent) => void>();
    const { workbench } = connectBridgeWorkbench({
      request: () => Promise.reject(new Error('unused')),
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    });
    const heard: WorkbenchEvent[] = [];
    const end = workbench.subscribe((event) => heard.push(event));
    const event: WorkbenchEvent = { event: 'job.removed', payload: { id: 'a' } };
    for (const listener of listeners) listener(event);
    expect(heard).toEqual([event]);
    end();
    expect(listeners.size).toBe(0);
  });
});
