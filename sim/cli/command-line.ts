// The command line: finds the command, runs it, and turns how it ended into an exit status. Runs in a thread of main.ts.
import { workerData } from "node:worker_threads";
import yargs, { type Argv } from "yargs";
import { hideBin } from "yargs/helpers";
import { Interruption } from "../interruption.ts";
import { asmCommand } from "./asm.ts";
import { benchCommand } from "./bench.ts";
import type { Command } from "./command.ts";
import { configCommand } from "./config.ts";
import { disasmCommand } from "./disasm.ts";
import { execCommand } from "./exec.ts";
import { EXIT, type Exit } from "./exit.ts";
import { Failure } from "./failure.ts";
import { writeStderr, writeStdout } from "./files.ts";
import { helpTopic, TOPICS } from "./help.ts";
import { logdiffCommand } from "./logdiff.ts";
import { runCommand } from "./run.ts";
import { chooseColor, type ColorChoice } from "./text.ts";
import { traceCommand } from "./trace.ts";
import { VERSION } from "./version.ts";

const interruption = new Interruption((workerData as { readonly interruption: SharedArrayBuffer }).interruption);

let ending: Exit | number = "ok";

/** Registers a command; its result becomes the exit status. */
function add<Options>(y: Argv, command: Command<Options>): Argv {
  return y.command(
    command.usage,
    command.summary,
    (inner) => (command.options(inner) as Argv).nargs(onePerInput(command.usage)),
    async (options) => {
      chooseColor((options as { color?: ColorChoice }).color ?? "auto");
      ending = await command.run(options as Options, interruption);
    },
  );
}

/** One value for each positional: otherwise the parser takes `-` (stdin) for an option, and hands over an empty name. */
function onePerInput(usage: string): Record<string, number> {
  return Object.fromEntries([...usage.matchAll(/<(\w+)>/g)].map(([, name]) => [name!, 1]));
}

/** Options that count each time that they are given. */
const REPEATED: ReadonlySet<string> = new Set(["_", "set", "rule"]);

/** Of any other option that is given more than once the last counts; the parser hands over all. */
function lastOfEach(options: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(options)) {
    if (Array.isArray(value) && !REPEATED.has(name)) options[name] = value.at(-1);
  }
}

function commandLine(args: readonly string[]): Argv {
  let y: Argv = yargs([...args])
    .scriptName("meshsim")
    .usage(
      "meshsim <command> [input] [options]\n\nMeasures the infrastructure tax of microservices on simulated capability hardware.",
    )
    .version(VERSION)
    .option("color", { choices: ["auto", "always", "never"] as const, default: "auto", describe: "colour on stdout" })
    .option("debug", { type: "boolean", default: false, describe: "print stack traces of internal errors" })
    .strict()
    .recommendCommands()
    .demandCommand(1, "which command?")
    .wrap(80)
    .parserConfiguration({ "parse-numbers": false })
    .middleware(lastOfEach, true)
    .example("meshsim run traces/samples/social-network.json", "the tax table of a trace")
    .example("meshsim exec hello.S", "run a bare-metal program")
    .exitProcess(false)
    .fail((message, error) => {
      if (error instanceof Failure || (error && !message)) throw error;
      const what = message.startsWith("Did you mean") ? `unknown command; ${message.toLowerCase()}` : message;
      throw new Failure("usage", `meshsim: ${what}\n  hint: meshsim --help lists commands and options (status 2)`);
    });
  y = add(y, runCommand);
  y = add(y, execCommand);
  y = add(y, asmCommand);
  y = add(y, disasmCommand);
  y = add(y, logdiffCommand);
  y = add(y, traceCommand);
  y = add(y, configCommand);
  y = add(y, benchCommand);
  return y.command(
    "help <topic>",
    `explain one of: ${TOPICS.join(", ")}`,
    (inner) => inner.positional("topic", { choices: TOPICS, demandOption: true }),
    (options) => writeStdout(helpTopic(options.topic as string)),
  );
}

/** Options whose value may be `-`, which the parser would take for an input. */
const WRITES = /^(--json|--output|--log-commits|-o)$/;

function joinDashes(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1);
    if (arg === "-" && before !== undefined && WRITES.test(before)) joined[joined.length - 1] = `${before}=-`;
    else joined.push(arg);
  }
  return joined;
}

async function main(): Promise<number> {
  const args = joinDashes(hideBin(process.argv));
  try {
    await commandLine(args).parseAsync();
    if (ending === "interrupted") writeStderr("\nmeshsim: interrupted, the result is partial (status 130)\n");
    return typeof ending === "number" ? ending : EXIT[ending].status;
  } catch (error) {
    if (error instanceof Failure) {
      writeStderr(`${error.message}\n`);
      return EXIT[error.exit].status;
    }
    const detail = error instanceof Error ? error : new Error(String(error));
    const shown = args.includes("--debug") ? detail.stack : detail.message;
    writeStderr(`meshsim: internal error: ${shown}\n`);
    writeStderr(`  hint: this is a bug; report it with: meshsim ${args.join(" ")} --debug (meshsim ${VERSION})\n`);
    return EXIT.bug.status;
  }
}

void main().then((status) => (process.exitCode = status));
