import { describe, expect, it } from 'vitest';
import { runArrowhead } from './run-arrowhead.ts';

const COMMANDS = [
  'devices',
  'synthesize',
  'generate',
  'calibrate',
  'solve',
  'compare',
  'verify',
  'demo',
  'serve',
  'cache',
];

describe('help', () => {
  it('lists every command', async () => {
    const { code, stdout, stderr } = await runArrowhead('--help');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it.each(COMMANDS)('of %s shows examples and --json', async (command) => {
    const { code, stdout } = await runArrowhead(command, '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\n  arrowhead ${command}`));
    expect(stdout).toContain('--json');
  });

  it('goes to standard error when no command is given', async () => {
    const { code, stdout, stderr } = await runArrowhead();
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/Usage: arrowhead[\s\S]*error: give a command/);
  });

  it('prints the version', async () => {
    expect((await runArrowhead('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('usage errors', () => {
  it.each([
    [['nope'], /unknown command 'nope'/],
    [['generate', '--out', 'x.png'], /'--prompt <text>' not specified/],
    [
      ['generate', '--prompt', 'a', '--out', 'x.png', '--steps', '0'],
      /--steps <n>' argument '0' is invalid. It must be at least 1/,
    ],
    [['generate', '--prompt', 'a', '--out', 'x.png', '--size', '512'.repeat(3)], /WIDTHxHEIGHT/],
    [['generate', '--prompt', 'a', '--out', 'x.png', '--seed', '-1'], /A seed is a whole number from 0/],
    [['generate', '--prompt', 'a', '--out', 'x.jpg'], /end it in \.png/],
    [['solve', 'rse.safetensors', '--delta', 'NaN', '--head-constraint', 'none'], /must be a number, such as 0.6/],
    [['solve', 'rse.safetensors', '--delta', '1'], /'--head-constraint <c>' not specified/],
    [['calibrate', '--out', 'x'], /A calibration needs prompts/],
    [['calibrate', '--out', 'x', '--resume', '--force'], /give one of them/],
    [['calibrate', '--out', 'x', '--prompt', 'a', '--cost', 'guess'], /Allowed choices are flops, measured/],
    [['calibrate', '--out', 'x', '--prompt', 'a', '--candidates', 'arrow/8,full'], /full is always offered/],
    [['compare', 'a.png'], /missing required argument 'b.png'/],
    [['compare', 'a.png', 'b.png', 'c.png'], /too many arguments/],
    [['devices', '--colour'], /unknown option '--colour'/],
  ])('%j exits 2 and says what can be done', async (args, message) => {
    const { code, stdout, stderr } = await runArrowhead(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('--help');
  });

  it('are one JSON object too with --json', async () => {
    const { code, stdout } = await runArrowhead('compare', 'a.png', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: { name: 'UsageError', message: "missing required argument 'b.png'", exitCode: 2 },
    });
  });
});
