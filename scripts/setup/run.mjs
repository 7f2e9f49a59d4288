import { spawn } from 'node:child_process';

const MOST_OUTPUT = 20_000;

/**
 * Runs a command and keeps the end of what it says, for the case that it fails.
 * @returns {Promise<{ code: number, output: string, missing: boolean }>} `missing`: there is no such command
 */
export function run(command, { cwd, env = process.env, show = false } = {}) {
  const [file, ...args] = command;
  return new Promise((resolve) => {
    let output = '';
    const keep = (stream) => (data) => {
      if (show) stream.write(data);
      output = (output + data).slice(-MOST_OUTPUT);
    };
    const child = spawn(file, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      // Windows starts .cmd files through its shell only; the arguments here are our own.
      shell: file.endsWith('.cmd'),
    });
    child.stdout.on('data', keep(process.stderr));
    child.stderr.on('data', keep(process.stderr));
    child.on('error', (error) => resolve({ code: 127, output: String(error), missing: error.code === 'ENOENT' }));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? 1, output: signal ? `${output}\nended by ${signal}` : output, missing: false }),
    );
  });
}
