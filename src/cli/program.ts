import { Command, CommanderError, Option } from 'commander';
import { EXIT_CODES } from './exit-codes.ts';
import { LOG_FORMATS, LOG_LEVELS, type LogSettings } from './log.ts';
import { packageVersion } from './package-info.ts';
import { wantsColor } from './terminal.ts';

const EXIT_CODE_HELP = `
Exit codes:
  0   stopped in good order, or the configuration is valid
  1   the configuration has problems, or the gateway could not start
  2   the command line was not understood
  70  an error that nobody caught: the gateway drained and ended
  129, 130 or 143  a second signal, more than a second after the first, ended it at once`;

/** Runs one command line. @returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  let exitCode: number = EXIT_CODES.ok;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
  }
  return exitCode;
}

function createProgram(exit: (code: number) => void): Command {
  const program = new Command('wsfw')
    .description('WebSocket Forward: a gateway that checks, guards and forwards WebSocket connections.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpCommand('help [command]', 'explain a command')
    .showHelpAfterError('(wsfw help explains the commands)')
    .addHelpText('after', EXIT_CODE_HELP)
    .exitOverride();
  addStart(program, exit);
  addCheck(program, exit);
  addSchema(program, exit);
  program
    .command('version')
    .description('print the version')
    .action(() => {
      process.stdout.write(`${packageVersion()}\n`);
    });
  return program;
}

interface StartFlags {
  readonly config?: string[];
  readonly demo?: boolean;
  readonly watch?: boolean;
  readonly logLevel: LogSettings['level'];
  readonly logFormat?: LogSettings['format'];
}

function addStart(program: Command, exit: (code: number) => void): void {
  program
    .command('start', { isDefault: false })
    .description(
      'run the gateway until a signal stops it (SIGINT or SIGTERM: drain, then exit 0); SIGHUP reloads its configuration',
    )
    .addOption(configOption())
    .option('--demo', 'also run a small chat room to forward to, with a page to open in a browser')
    .option('--watch', 'reload the configuration when one of its files changes')
    .addOption(new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default('info'))
    .addOption(
      new Option('--log-format <format>', 'default: pretty on a terminal and with --demo, else json').choices(
        LOG_FORMATS,
      ),
    )
    .action(async ({ config = [], demo = false, watch = false, logLevel: level, logFormat }: StartFlags) => {
      const isTTY = process.stdout.isTTY === true;
      const format = logFormat ?? (isTTY || demo ? 'pretty' : 'json');
      const { start } = await import('./start.ts');
      exit(
        await start({
          config,
          demo,
          watch,
          log: { level, format, color: wantsColor({ isTTY, env: process.env }) },
        }),
      );
    });
}

function addCheck(program: Command, exit: (code: number) => void): void {
  program
    .command('check')
    .description('check a configuration as start would, without starting anything')
    .addOption(configOption())
    .option('--json', 'print the findings as JSON')
    .action(async ({ config = [], json = false }: { config?: string[]; json?: boolean }) => {
      const { check } = await import('./check.ts');
      exit(await check({ config, json }));
    });
}

function addSchema(program: Command, exit: (code: number) => void): void {
  program
    .command('schema')
    .description(
      'print a JSON Schema of the configuration, for editors; with --config also of the plugins it loads',
    )
    .addOption(configOption())
    .action(async ({ config = [] }: { config?: string[] }) => {
      const { schema } = await import('./schema.ts');
      exit(await schema({ config }));
    });
}

/** Commander prints a default of its own, even an empty one: the description says what happens without the flag. */
function configOption(): Option {
  const description = 'a file, or a folder of YAML files; repeatable (default: ./config, else ./wsfw.yaml)';
  return new Option('-c, --config <path>', description).argParser(
    (path: string, paths: string[] | undefined): string[] => [...(paths ?? []), path],
  );
}
