import { COMMAND_WORDS, LAUNCH_WORDS, type CompletedCommand, type CompletedOption } from './completion-words.ts';

/** A word of a shell, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\\''`)}'`;

const words = (texts: readonly string[]): string => quoted(texts.join(' '));

/** `-name` is the same as `--name` for QEMU's options. */
const pattern = (word: string): string => (word.startsWith('--') ? word : `${word}|-${word}`);

const valueCases = (options: readonly CompletedOption[]): string[] =>
  options
    .filter(({ takesArgument }) => takesArgument)
    .map(({ word, values }) =>
      values.length === 0 ? `${pattern(word)}) return ;;` : `${pattern(word)}) _vmattach_words ${words(values)}; return ;;`,
    );

const optionWords = (options: readonly CompletedOption[]): string => words(options.map(({ word }) => word));

const commandCase = ({ name, options, operands }: CompletedCommand): string[] =>
  options === undefined
    ? []
    : [
        `    ${name})`,
        '      case $previous in',
        ...valueCases(options).map((line) => `        ${line}`),
        '      esac',
        `      _vmattach_words ${words([...operands, ...options.map(({ word }) => word), '--help'])}`,
        '      return ;;',
      ];

/** Without an answer bash completes file names: an argument can be one, and a word without a dash is a disk image. */
const bash = (): string =>
  [
    '# Completion of vmattach for bash: source it, or put it into the folder of completions.',
    '_vmattach_words() {',
    '  COMPREPLY=($(compgen -W "$1" -- "$current"))',
    '  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[,=] ]] && compopt -o nospace 2>/dev/null',
    '}',
    '_vmattach() {',
    '  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}',
    '  COMPREPLY=()',
    '  if [[ $COMP_CWORD -eq 1 && $current != -* ]]; then',
    `    _vmattach_words ${words(COMMAND_WORDS.map(({ name }) => name))}`,
    '    return',
    '  fi',
    '  case ${COMP_WORDS[1]} in',
    ...COMMAND_WORDS.flatMap(commandCase),
    '  esac',
    '  case $previous in',
    ...valueCases(LAUNCH_WORDS).map((line) => `    ${line}`),
    '  esac',
    `  [[ $current == -* ]] && _vmattach_words ${optionWords(LAUNCH_WORDS)}`,
    '}',
    'complete -o default -F _vmattach vmattach',
  ].join('\n');

/** zsh runs bash's script. */
const zsh = (): string => ['#compdef vmattach', 'autoload -U +X bashcompinit && bashcompinit', bash()].join('\n');

const fishOption = (condition: string, { word, description, takesArgument, values }: CompletedOption): string => {
  const name = word.startsWith('--') ? `-l ${word.slice(2)}` : `-o ${word.slice(1)}`;
  const argument = takesArgument ? (values.length === 0 ? ' -r' : ` -x -a ${words(values)}`) : '';
  return `complete -c vmattach -n ${quoted(condition)} ${name}${argument} -d ${quoted(description)}`;
};

const fish = (): string => {
  const withOwn = COMMAND_WORDS.filter(({ options }) => options !== undefined).map(({ name }) => name);
  const isLaunch = `not __fish_seen_subcommand_from ${withOwn.join(' ')}`;
  return [
    '# Completion of vmattach for fish: put it into ~/.config/fish/completions/vmattach.fish',
    ...COMMAND_WORDS.map(({ name, summary }) => `complete -c vmattach -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`),
    ...COMMAND_WORDS.flatMap(({ name, options = [], operands }) => [
      ...options.map((option) => fishOption(`__fish_seen_subcommand_from ${name}`, option)),
      ...(operands.length === 0
        ? []
        : [`complete -c vmattach -f -n ${quoted(`__fish_seen_subcommand_from ${name}`)} -a ${words(operands)}`]),
    ]),
    ...LAUNCH_WORDS.map((option) => fishOption(isLaunch, option)),
  ].join('\n');
};

/** By shell: its completion script, made from the tables of options and subcommands. */
export const COMPLETION_SCRIPTS: Readonly<Record<'bash' | 'zsh' | 'fish', () => string>> = { bash, zsh, fish };
