import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import {
  type EventPayload,
  events,
  type Job,
  type JobRequest,
  type Reply,
  type RequestName,
  type RequestParams,
  type RunChange,
  requests,
  type Workbench,
  type WorkbenchEvent,
} from '../../../electron/contract.ts';
import type { DesktopBridge } from '../../../renderer/workbench/bridge-workbench.ts';

/** `npx tsc` checks these: a contract that drifts from its users does not compile. */
describe('types of the contract', () => {
  it('requests have the params and replies of their schemas', () => {
    expectTypeOf<RequestParams<'runs.rename'>>().toEqualTypeOf<{ run: string; name: string }>();
    expectTypeOf<Reply<'jobs.start'>>().toEqualTypeOf<{ id: string; duplicate: boolean }>();
    expectTypeOf<Reply<'calibration.solve'>['plan']>().toEqualTypeOf<Uint8Array<ArrayBuffer>>();
    expectTypeOf<Reply<'attention.map'>['values']>().toEqualTypeOf<Float32Array<ArrayBuffer>>();
    expectTypeOf<RequestName>().toEqualTypeOf<keyof typeof requests>();
  });

  it('events are told apart by name', () => {
    type Changed = Extract<WorkbenchEvent, { event: 'job.changed' }>;
    expectTypeOf<Changed['payload']>().toEqualTypeOf<{ job: Job }>();
    expectTypeOf<EventPayload<'runs.changed'>>().toEqualTypeOf<RunChange>();
    expectTypeOf<WorkbenchEvent['event']>().toEqualTypeOf<keyof typeof events>();
  });

  it('a request is asked by name, and its params are checked', () => {
    const ask = (workbench: Workbench) => {
      // @ts-expect-error: there is no such request
      void workbench.request('runs.explode', {});
      // @ts-expect-error: a run is needed
      void workbench.request('runs.open', {});
      // @ts-expect-error: seeds are numbers
      void workbench.request('settings.set', { samples: [{ prompt: 'a', seed: '1' }] });
      return workbench.request('runs.open', { run: 'a' });
    };
    expectTypeOf(ask).returns.resolves.toEqualTypeOf<Reply<'runs.open'>>();
  });

  it('jobs are told apart by kind', () => {
    expectTypeOf<Extract<JobRequest, { kind: 'resume' }>>().toEqualTypeOf<{ kind: 'resume'; run: string }>();
    expectTypeOf<JobRequest['kind']>().toEqualTypeOf<
      'generate' | 'calibrate' | 'resume' | 'confirm-search' | 'sweep' | 'attention-map'
    >();
  });

  it('the preload script’s object is what the window expects', () => {
    expectTypeOf<keyof DesktopBridge>().toEqualTypeOf<'request' | 'subscribe' | 'onCommand' | 'chooseFolder'>();
  });
});

describe('schemas of the contract', () => {
  const objects = (schema: z.ZodType): z.ZodType[] => (schema instanceof z.ZodObject ? [schema] : []);

  it.each(Object.keys(requests) as RequestName[])('%s refuses fields that it does not know', (name) => {
    for (const schema of objects(requests[name].params)) {
      const found = schema.safeParse({ surely: 'not a field' });
      expect(found.success).toBe(false);
      expect(JSON.stringify(found.error?.issues)).toMatch(/unrecognized_keys|surely/);
    }
  });

  it('every reply and event is strict too, so that nothing travels by accident', () => {
    for (const schema of [...Object.values(requests).map(({ reply }) => reply), ...Object.values(events)]) {
      const found = (schema as z.ZodType).safeParse({ surely: 'not a field' });
      expect(found.success).toBe(false);
    }
  });
});
