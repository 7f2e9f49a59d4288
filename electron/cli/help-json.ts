import type { Argument, Command, Option } from 'commander';

/** A command as `--help --json` prints it. */
export interface CommandHelp {
  /** The words that call it: `models add`; empty for the program itself. */
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly ArgumentHelp[];
  readonly options: readonly OptionHelp[];
  readonly commands: readonly CommandHelp[];
}

export interface ArgumentHelp {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** Whether it takes any number of values. */
  readonly repeatable: boolean;
  /** The only values that it takes; null where it takes others. */
  readonly choices: readonly string[] | null;
}

export interface OptionHelp extends ArgumentHelp {
  /** `--out`, and `-q` where there is a short form. */
  readonly flags: readonly string[];
  /** What its value is called; null for an option without one. */
  readonly value: string | null;
  /** What counts where it is absent: a value, or words where that depends; null where nothing does. */
  readonly default: unknown;
  /** The environment variable that stands for it. */
  readonly env: string | null;
}

/** The command whose help a command line asks for as JSON; null where it asks for none. */
export function helpRequested(program: Command, argv: readonly string[]): Command | null {
  const asks = argv.includes('--help') || argv.includes('-h') || argv[0] === 'help';
  if (!asks || !argv.includes('--json')) return null;
  let command = program;
  for (const word of argv[0] === 'help' ? argv.slice(1) : argv) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next) command = next;
    else if (!word.startsWith('-')) break;
  }
  return command;
}

export function describeCommand(command: Command): CommandHelp {
  return {
    name: words(command),
    description: command.description(),
    arguments: command.registeredArguments.map(describeArgument),
    options: command.options.filter(({ hidden }) => !hidden).map(describeOption),
    commands: command.commands.map(describeCommand),
  };
}

function words(command: Command): string {
  const names: string[] = [];
  for (let at = command; at.parent; at = at.parent) names.unshift(at.name());
  return names.join(' ');
}

function describeArgument(argument: Argument): ArgumentHelp {
  const { description, required, variadic, argChoices } = argument;
  return { name: argument.name(), description, required, repeatable: variadic, choices: argChoices ?? null };
}

/** Defaults that the engine or the model decides stand at the end of a description. */
const DESCRIBED_DEFAULT = / \(default: (.*)\)$/s;

function describeOption(option: Option): OptionHelp {
  const { flags, short, long, description, mandatory, variadic, argChoices, defaultValue, envVar } = option;
  const described = DESCRIBED_DEFAULT.exec(description)?.[1] ?? null;
  return {
    name: option.attributeName(),
    description: description.replace(DESCRIBED_DEFAULT, ''),
    required: mandatory,
    repeatable: variadic,
    choices: argChoices ?? null,
    flags: [long, short].filter((flag) => flag !== undefined),
    value: /[<[]([^>\]]+?)(\.\.\.)?[>\]]/.exec(flags)?.[1] ?? null,
    default: defaultValue ?? described,
    env: envVar ?? null,
  };
}
