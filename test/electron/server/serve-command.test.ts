import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runArrowhead, startArrowhead } from '../cli/run-arrowhead.ts';
import { ask, RawClient, tokenOf } from './started-server.ts';

async function startServe(...args: string[]) {
  const library = await mkdtemp(join(tmpdir(), 'arrowhead-serve-'));
  const { child, result } = startArrowhead(['serve', '--port', '0', '--library', library, ...args]);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await result;
    await rm(library, { recursive: true, force: true });
  });
  const printed = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout!.on('data', (part: string) => {
      text += part;
      if (text.includes(args.includes('--json') ? '\n' : 'Ctrl-C')) resolve(text);
    });
    result.then(({ stderr }) => reject(new Error(stderr)));
  });
  return { child, result, library, printed };
}

describe('arrowhead serve', () => {
  it('prints where it is, serves the real host, and ends with 0 on Ctrl-C', async () => {
    const { child, result, library, printed } = await startServe('--json');
    const { url, host, port, library: told, log, pid } = JSON.parse(printed);
    expect({ host, told, pid }).toEqual({ host: '127.0.0.1', told: library, pid: child.pid });
    expect(new URL(url).port).toBe(String(port));
    expect([200, 503]).toContain((await ask({ port }, '/')).status);
    const token = tokenOf(url);

    const client = await RawClient.open({ port, token });
    client.send({ id: 1, request: 'hello', params: { version: 1 } });
    expect(await client.reply(1)).toMatchObject({ reply: { version: 1, library } });
    const wrong: [unknown, unknown, string][] = [
      ['runs.open', { run: '../x' }, 'expected a plain name without path separators'],
      ['runs.open', { run: 'x', more: 1 }, 'more'],
      ['runs.open', null, 'expected an object'],
      ['runs.import', { fileName: 'x', data: 'text' }, 'data'],
      ['constructor', {}, 'constructor'],
    ];
    for (const [i, [request, params, reason]] of wrong.entries()) {
      client.send({ id: 10 + i, request, params });
      const error = { name: 'InvalidRequestError', message: expect.stringContaining(reason) };
      expect(await client.reply(10 + i)).toMatchObject({ error });
    }
    child.kill('SIGINT');
    expect((await client.closed).code).toBe(1001);
    expect(await result).toMatchObject({ code: 0, stdout: printed });
    const logged = await readFile(log, 'utf8');
    expect(logged).toContain(`process ${pid}`);
    expect(logged).not.toContain(token);
  });

  it('ends a running job in order: it can be resumed after the next start', async () => {
    const { child, result, library, printed } = await startServe('--json');
    const first = await RawClient.open(addressOf(printed));
    const sampling = { steps: 20, guidance: 3.5, width: 128, height: 128 };
    const job = {
      ...{ kind: 'calibrate', model: null, prompts: ['a red cube'], seeds: [0], sampling, evaluate: [] },
      ...{ delta: 0.5, headConstraint: 1.5, candidates: ['arrow/8', 'cached'], cost: 'flops' },
    };
    first.send({ id: 1, request: 'jobs.start', params: { job } });
    await first.next((message) => progressOf(message) > 0.3);
    child.kill('SIGINT');
    const cancelled = await first.next(
      ({ event, payload }) => event === 'job.changed' && statusOf(payload) === 'cancelled',
    );
    expect(cancelled).toMatchObject({ payload: { job: { error: { name: 'CancelledError' } } } });
    expect((await first.closed).code).toBe(1001);
    expect((await result).code).toBe(0);

    const again = await startServe('--json', '--library', library);
    const second = await RawClient.open(addressOf(again.printed));
    second.send({ id: 1, request: 'runs.list', params: {} });
    const { reply } = (await second.reply(1)) as { reply: { runs: { resumable: boolean; status: string }[] } };
    expect(reply.runs).toMatchObject([{ status: 'cancelled', resumable: true }]);
  });

  it('says how to reach it from another machine', async () => {
    const { printed } = await startServe();
    const port = /127\.0\.0\.1:(\d+)\/#token=/.exec(printed)![1];
    expect(printed).toContain(`ssh -L ${port}:127.0.0.1:${port}`);
    expect(printed).toContain(hostname());
  });

  it('at a port in use says so and ends with 1', async () => {
    const { printed } = await startServe('--json');
    const { port } = JSON.parse(printed);
    const library = await mkdtemp(join(tmpdir(), 'arrowhead-serve-'));
    onTestFinished(() => rm(library, { recursive: true, force: true }));
    const { code, stdout, stderr } = await runArrowhead(
      'serve',
      '--port',
      String(port),
      '--library',
      library,
      '--json',
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({ name: 'ListenError', exitCode: 1 });
    expect(stderr).toContain(`Port ${port} of 127.0.0.1 is in use`);
  });

  it.each([
    [['--host', '0.0.0.0'], /--allow-remote if you want that/],
    [['--host', '192.168.1.2'], /ssh tunnel/],
    [['--host', '::'], /--allow-remote/],
    [['--port', '65536'], /A port is a whole number from 0 to 65535/],
    [['--port', '-1'], /A port is a whole number/],
    [['--port', '1e3'], /A port is a whole number/],
  ])('refuses %j with 2', async (args, message) => {
    const { code, stdout, stderr } = await runArrowhead('serve', '--library', join(tmpdir(), 'never-made'), ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

function addressOf(printed: string): { port: number; token: string } {
  const { url, port } = JSON.parse(printed);
  return { port, token: tokenOf(url) };
}

function progressOf({ event, payload }: Record<string, unknown>): number {
  return event === 'job.progress' ? (payload as { progress: { value: number } }).progress.value : 0;
}

function statusOf(payload: unknown): string {
  return (payload as { job: { status: string } }).job.status;
}
