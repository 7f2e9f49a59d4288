import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runArrowhead } from './run-arrowhead.ts';

const COMMANDS = [
  'ablate',
  'bench',
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

interface CommandHelp {
  readonly name: string;
  readonly arguments: readonly { readonly name: string }[];
  readonly options: readonly Record<string, unknown>[];
  readonly commands: readonly CommandHelp[];
}

function allCommands(help: CommandHelp): readonly CommandHelp[] {
  return [help, ...help.commands.flatMap(allCommands)];
}

describe('help', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('lists every command', async () => {
    const { code, stdout, stderr } = await runArrowhead('--help');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it.each(COMMANDS)('of %s shows examples and --json', async (command) => {
    const { code, stdout } = await runArrowhead(command, '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\n  npx arrowhead ${command}`));
    expect(stdout).toContain('--json');
  });

  it('goes to standard error when no command is given', async () => {
    const { code, stdout, stderr } = await runArrowhead();
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/Usage: npx arrowhead[\s\S]*error: give a command/);
  });

  it('is one JSON object with --json, of a command or of all', async () => {
    const { code, stdout } = await runArrowhead('--help', '--json');
    expect(code).toBe(0);
    const commands = allCommands(JSON.parse(stdout));
    expect(commands.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...COMMANDS, 'models add', 'weights list']),
    );
    for (const { name, options, commands: below } of commands) {
      if (below.length === 0)
        expect(options, name).toContainEqual(expect.objectContaining({ name: 'json', flags: ['--json'] }));
      // A default is a field of its own.
      expect(JSON.stringify(options)).not.toContain('(default:');
    }
    const bench = JSON.parse((await runArrowhead('bench', '-h', '--json')).stdout) as CommandHelp;
    expect(bench).toEqual(commands.find(({ name }) => name === 'bench'));
    expect(JSON.parse((await runArrowhead('help', 'bench', '--json')).stdout)).toEqual(bench);
    expect(bench.options).toContainEqual({
      name: 'onnx',
      flags: ['--onnx'],
      value: 'provider',
      description: expect.stringContaining('auto times both'),
      required: false,
      repeatable: false,
      choices: ['auto', 'cpu', 'cuda', 'webgpu'],
      default: '$ARROWHEAD_ONNX, else auto',
      env: null,
    });
    const compare = JSON.parse((await runArrowhead('compare', '--help', '--json')).stdout) as CommandHelp;
    expect(compare.arguments.map(({ name }) => name)).toEqual(['a.png', 'b.png']);
  });

  it('says what auto means wherever it is a value', async () => {
    const { stdout } = await runArrowhead('--help', '--json');
    for (const { name, options } of allCommands(JSON.parse(stdout)))
      for (const option of options) {
        const takesAuto = JSON.stringify([option.choices, option.default]).includes('auto') || option.name === 'device';
        if (takesAuto) expect(option.description, `${name} ${option.name}`).toMatch(/auto( \(|:| times)/);
      }
  });

  it('and hints name the command as it was called', async () => {
    vi.stubEnv('ARROWHEAD_COMMAND', './arrowhead');
    expect((await runArrowhead('bench', '--help')).stdout).toMatch(
      /Usage: \.\/arrowhead bench[\s\S]*\.\/arrowhead synthesize makes[\s\S]*Examples:\n {2}\.\/arrowhead bench/,
    );
    const { stderr } = await runArrowhead('weights', 'add', 'lpips-alex');
    expect(stderr).toContain('./arrowhead weights --help says where they are');
  });

  it('prints the version', async () => {
    expect((await runArrowhead('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

const golden = (name: string): string => fileURLToPath(new URL(`../../golden/${name}`, import.meta.url));
const FLUX = ['--model', golden('pipeline/flux-pipeline-tiny')];
const [TRANSFORMER, DUMP] = [golden('flux-tiny'), golden('flux-tiny/io.safetensors')];
/** Commands that end in a usage error write nothing. */
const NOWHERE = path.join(tmpdir(), 'arrowhead-usage-nowhere');
const GENERATE = ['generate', ...FLUX, '--prompt', 'a', '--out', `${NOWHERE}.png`];

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
    [['models'], /give a command/],
    [['models', 'add'], /missing required argument 'folder'/],
    [['cache', 'empty'], /unknown command 'empty'/],
    [['help', 'nope'], /unknown command 'nope'/],
    [['weights', 'add', 'lpips-resnet'], /Allowed choices are lpips-alex/],
    [['weights', 'add', 'lpips-alex'], /either the files of weights or --download/],
    [['compare', 'a.png', 'b.png', '--lpips', 'resnet'], /Allowed choices are alex, vgg, squeeze/],
    [['serve', '--port', '70000'], /A port is a whole number from 0 to 65535/],
    [['serve', '--host', '0.0.0.0'], /--allow-remote/],
    [['synthesize', 'x', '--shape', 'sdxl'], /Allowed choices are flux-dev/],
    [['synthesize', 'x', '--heads', '0'], /at least 1/],
    [['ablate', '--tables', 'size'], /is none of/],
    [['ablate', '--deltas', '0.2,x'], /must be a number/],
    [['ablate', '--resume'], /--resume needs --out/],
    [['ablate', '--resume', '--force', '--out', 'x'], /give one/],
    [['bench', '--steps', '2'], /at least 3/],
    [['bench', '--methods', 'sparse'], /"sparse" is no method/],
    [['verify', 'a', 'b', '--tolerance', 'low'], /must be a number/],
    [['verify', TRANSFORMER, DUMP, '--device', 'tpu'], /Unknown device "tpu": expected auto, cpu/],
    [['solve', 'rse.safetensors', '--delta', '1', '--head-constraint', 'none', '--granularity', 'step'], /head, layer/],
    [['calibrate', '--out', 'x', '--prompt', 'a', '--threshold', '0.1'], /--threshold is for --algorithm ditfastattn/],
    [['calibrate', '--out', 'x', '--prompt', 'a', '--algorithm', 'ditfastattn', '--delta', '1'], /--threshold instead/],
    [['calibrate', '--out', '', '--prompt', 'a'], /must not be empty/],
    [[...GENERATE, '--device', 'gpu'], /Unknown device "gpu": expected auto, cpu/],
    [[...GENERATE, '--vae', 'half'], /Allowed choices are auto, whole, tiled/],
    [[...GENERATE, '--size', '100x100'], /The nearest sizes that it can make: 96x96/],
    [[...GENERATE, '--steps', '2000'], /steps must be a whole number from 1 to 1000, found 2000/],
    [[...GENERATE, '--guidance', '1e9'], /guidance must be a number from 0/],
    [[...GENERATE, '--scheme', ''], /must not be empty/],
    [['calibrate', ...FLUX, '--prompt', 'a', '--candidates', 'cfg', '--out', NOWHERE], /which this run does not have/],
    [['bench', ...FLUX, '--methods', 'cfg'], /which this run does not have/],
    [['demo', ...FLUX, '--candidates', 'cfg+arrow/8', '--out', NOWHERE], /which this run does not have/],
    [['demo', '--device', 'cuda:x'], /Unknown device "cuda:x"/],
  ] as [string[], RegExp][])('%j exits 2 and says what can be done', async (args, message) => {
    const { code, stdout, stderr } = await runArrowhead(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: /m);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('--help');
    expect([NOWHERE, `${NOWHERE}.png`].filter((file) => existsSync(file))).toEqual([]);
  });

  it('are one JSON object too with --json', async () => {
    const { code, stdout } = await runArrowhead('compare', 'a.png', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: { name: 'UsageError', message: "missing required argument 'b.png'", exitCode: 2 },
    });
  });
});
