import { expect, it, onTestFinished, vi } from 'vitest';
import type { Workbench } from '../../../electron/contract.ts';
import { reportProblems } from '../../../renderer/workbench/report-problems.ts';

/** A page with a console that prints nothing, and what the host was told of it. */
function watchedPage() {
  const printed = { warn: vi.fn(), error: vi.fn() };
  const page = Object.assign(new EventTarget(), { console: { ...printed } });
  const request = vi.fn(async () => ({}));
  const end = reportProblems({ request } as unknown as Workbench, page as never);
  onTestFinished(end);
  const told = () => request.mock.calls.map((call) => (call as unknown[])[1] as { name: string; message: string });
  return { page, told, end, printed };
}

it('tells the host of errors that nobody caught and of what the console warns of, and prints all the same', () => {
  const { page, told, printed } = watchedPage();
  page.dispatchEvent(Object.assign(new Event('error'), { error: new TypeError('x is null') }));
  page.dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason: 'no error at all' }));
  page.console.warn('Each child needs a key: %s', 'a red cube');
  page.console.error('caught', new RangeError('too long'));
  expect(told()).toMatchObject([
    { level: 'error', name: 'TypeError', message: 'x is null', stack: expect.stringContaining('TypeError') },
    { level: 'error', name: 'console', message: 'no error at all' },
    { level: 'warn', name: 'console', message: 'Each child needs a key: %s' },
    { level: 'error', name: 'RangeError', message: 'too long' },
  ]);
  expect(printed.warn).toHaveBeenCalledWith('Each child needs a key: %s', 'a red cube');
  expect(printed.error).toHaveBeenCalledOnce();
});

it('tells little of an error that comes again and again, and cuts what is long', () => {
  const { page, told } = watchedPage();
  for (let n = 0; n < 100; n++) {
    page.dispatchEvent(Object.assign(new Event('error'), { error: new Error('y'.repeat(5000)) }));
  }
  expect(told()).toHaveLength(20);
  expect(told()[0]!.message).toHaveLength(2000);
});

it('leaves the console as it was once it ends', () => {
  const { page, end, told, printed } = watchedPage();
  end();
  expect(page.console).toEqual(printed);
  page.console.warn('after');
  page.dispatchEvent(Object.assign(new Event('error'), { error: new Error('after') }));
  expect(told()).toEqual([]);
});
