// `meshsim exec`: runs a bare-metal program and prints what it cost.
import { closeSync, openSync, writeSync } from "node:fs";
import type { Argv } from "yargs";
import { exceptionName } from "../../isa/cause.ts";
import { DEFAULT_ENGINE, ENGINES, type EngineName } from "../engine/engine.ts";
import type { Ending } from "../interruption.ts";
import type { Command } from "./command.ts";
import { plainCommit } from "./commit-line.ts";
import type { Exit } from "./exit.ts";
import { Failure } from "./failure.ts";
import { beginFile, checkOutput, discardFile, finishFile, writeOutput, writeStdout } from "./files.ts";
import { chosenMachine, machineOptions, type MachineOptions } from "./machine-option.ts";
import { DEFAULT_ISA, whole } from "./values.ts";
import { grouped, percent, table } from "./text.ts";

interface ExecOptions extends MachineOptions {
  readonly program: string;
  readonly isa: string;
  readonly loadAddress: string | undefined;
  readonly timing: boolean;
  readonly engine: EngineName;
  readonly maxInstructions: string | undefined;
  readonly maxCycles: string | undefined;
  readonly json: string | undefined;
  readonly logCommits: string | undefined;
  readonly logFormat: "full" | "x-only" | undefined;
  readonly exitCode: "meshsim" | "guest";
}

const MOST = 2 ** 53 - 1;

export const execCommand: Command<ExecOptions> = {
  usage: "exec <program>",
  summary: "run a bare-metal program (.S, ELF, or flat binary)",
  options: (y: Argv) =>
    machineOptions(y)
      .positional("program", {
        type: "string",
        demandOption: true,
        describe: "assembly, ELF or flat binary; - is stdin",
      })
      .option("isa", {
        type: "string",
        default: DEFAULT_ISA,
        describe: "rv64y starts in capability mode, rv64y_zyhybrid with integer pointers",
      })
      .option("load-address", { type: "string", describe: "load a flat binary here and start at its first byte" })
      .option("timing", { type: "boolean", default: true, describe: "--no-timing counts instructions only" })
      .option("engine", {
        choices: ENGINES,
        default: DEFAULT_ENGINE,
        describe: "turbo translates hot code; with a commit log the reference engine runs",
      })
      .option("max-instructions", { type: "string", describe: "stop after so many" })
      .option("max-cycles", { type: "string", describe: "stop at this cycle" })
      .option("json", { type: "string", describe: "write the result as JSON to a file, or - for stdout" })
      .option("log-commits", {
        type: "string",
        describe: "write one line a retired instruction, in Spike's form, to a file or stdout",
      })
      .option("log-format", {
        choices: ["full", "x-only"] as const,
        describe: "x-only is plain Spike; full (default) adds capabilities",
      })
      .option("exit-code", {
        choices: ["meshsim", "guest"] as const,
        default: "meshsim" as const,
        describe: "whose status to exit with",
      })
      .example("meshsim exec hello.S", "assemble and run")
      .example("meshsim exec t.bin --isa rv64y --load-address 0x80000000", "") as unknown as Argv<ExecOptions>,
  run: async (options, interruption): Promise<Exit | number> => {
    const { knownIsa, loadProgram } = await import("./program.ts");
    const { runInterruptibly } = await import("../interruption.ts");
    const { createMachine, imageMisfit } = await import("../machine/machine.ts");
    const { byCause, events } = await import("../stats/cpi-stack.ts");
    knownIsa(options.isa);
    const machine = await chosenMachine(options, "nothing simulated");
    const { path, shape } = logOf(options);
    checkOutput("--json", options.json, options.program);
    checkOutput("--log-commits", path, options.program);
    const limits = {
      ...(options.maxInstructions === undefined
        ? {}
        : { maxInstructions: whole("max-instructions", options.maxInstructions, 1, MOST) }),
      ...(options.maxCycles === undefined ? {} : { maxCycles: whole("max-cycles", options.maxCycles, 1, MOST) }),
    };
    const image = loadProgram({ program: options.program, isa: options.isa, loadAddress: options.loadAddress });
    const misfit = imageMisfit(image, machine.config.ramBytes);
    if (misfit !== undefined) throw new Failure("input", `${options.program}: error: ${misfit} (status 3)`);
    const log = path === undefined ? undefined : new LineFile(path);
    const shown = new GuestConsole(options.json === "-" ? "drop" : path === "-" ? "hold" : "show");
    const started = process.hrtime.bigint();
    try {
      const hart = createMachine({
        isa: options.isa,
        ramBytes: machine.config.ramBytes,
        image,
        engine: options.engine,
        ...(options.timing ? { core: machine.config } : {}),
        ...(log === undefined ? {} : { onCommit: (line: string) => log.write(shape(line)) }),
        onOutput: (text) => shown.write(text),
      });
      interruption.answer();
      const stop = runInterruptibly(hart, limits, interruption);
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      const { core } = hart;
      core?.check();
      if (stop.kind !== "interrupted" || path === "-") log?.finish();
      const counters = core?.snapshot();
      const cost = counters && { cycles: counters.now, byCause: byCause(counters), events: events(counters) };
      const report = execReport(programExit(stop), hart.instructions, cost, seconds);
      if (options.json !== undefined) writeOutput(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
      shown.finish();
      if (options.json !== "-") writeStdout(`${execText(report).join("\n")}\n`);
      return ending(stop, options.exitCode);
    } finally {
      log?.discard();
    }
  },
};

/** Characters of a line that are shown together at most. */
const MOST_PENDING = 4096;
type ConsoleKind = "show" | "hold" | "drop";

/** What the program prints: shown line by line, held until the end where a commit log has stdout, dropped where a report has. */
class GuestConsole {
  readonly #kind: ConsoleKind;
  #pending = "";

  constructor(kind: ConsoleKind) {
    this.#kind = kind;
  }

  write(text: string): void {
    if (this.#kind === "drop") return;
    this.#pending += text;
    if (this.#kind === "show" && (text.endsWith("\n") || this.#pending.length >= MOST_PENDING)) this.finish();
  }

  finish(): void {
    writeStdout(this.#pending);
    this.#pending = "";
  }
}

/** Where the commit log goes and how its lines look; `--log-commits=x-only` is plain Spike on stdout. */
function logOf(options: Pick<ExecOptions, "logCommits" | "logFormat">): {
  path: string | undefined;
  shape: (line: string) => string;
} {
  if (options.logFormat !== undefined && options.logCommits === undefined) {
    throw new Failure("usage", "meshsim: --log-format: expected --log-commits FILE beside it (status 2)");
  }
  const short = options.logCommits === "x-only";
  const shape = short || options.logFormat === "x-only" ? plainCommit : (line: string): string => line;
  return { path: short || options.logCommits === "" ? "-" : options.logCommits, shape };
}

interface Cost {
  readonly cycles: number;
  readonly byCause: Readonly<Record<string, number>>;
  readonly events: Readonly<Record<string, number>>;
}

interface ExecReport {
  readonly schema: "meshsim.exec/1";
  /** False where an interrupt ended the run: what follows is what had happened until then. */
  readonly complete: boolean;
  readonly exit: ProgramExit;
  readonly instructions: number;
  readonly cycles: number | null;
  readonly byCause: Readonly<Record<string, number>> | null;
  /** What the parts of the core have counted, as `l1d.misses`. */
  readonly events: Readonly<Record<string, number>> | null;
  readonly host: { readonly seconds: number; readonly millionInstructionsPerSecond: number };
}

type Wedge = Extract<Ending, { kind: "wedge" }>;

/** How the program ended; a trap that its handler does not outlive is shown by its origin, with the name of its cause. */
type ProgramExit =
  | Exclude<Ending, Wedge>
  | ({
      readonly kind: "trap";
      readonly name: string;
      readonly handler: Omit<Wedge, "kind" | "origin">;
    } & Wedge["origin"]);

function programExit(stop: Ending): ProgramExit {
  if (stop.kind !== "wedge") return stop;
  const { cause, pc, tval, origin } = stop;
  return { kind: "trap", ...origin, name: exceptionName(origin.cause), handler: { cause, pc, tval } };
}

function execReport(exit: ProgramExit, instructions: number, cost: Cost | undefined, seconds: number): ExecReport {
  return {
    schema: "meshsim.exec/1",
    complete: exit.kind !== "interrupted",
    exit,
    instructions,
    cycles: cost?.cycles ?? null,
    byCause: cost?.byCause ?? null,
    events: cost?.events ?? null,
    host: { seconds, millionInstructionsPerSecond: instructions / seconds / 1e6 },
  };
}

function execText(report: ExecReport): string[] {
  const lines = [...exitText(report.exit), `instructions ${grouped(report.instructions)}`];
  if (report.cycles === null || report.byCause === null) return lines;
  const cycles = report.cycles;
  const perInstruction = report.instructions === 0 ? "n/a" : (cycles / report.instructions).toFixed(3);
  lines.push(`cycles       ${grouped(cycles)}   (${perInstruction} an instruction)`, "");
  const rows = Object.entries(report.byCause).filter(([, value]) => value > 0);
  lines.push(
    ...table([
      ["cause", "cycles", "share"],
      ...rows.map(([cause, value]) => [cause, grouped(value), percent(value, cycles)]),
    ]),
  );
  return lines;
}

function exitText(exit: ProgramExit): string[] {
  switch (exit.kind) {
    case "exit":
      return [exit.status === 0 ? "exit 0" : `exit ${exit.status}: the program reports failure`];
    case "trap":
      return [
        `trap ${exit.cause} (${exit.name}) at pc ${exit.pc}, value ${exit.tval}`,
        `  its handler at ${exit.handler.pc} only traps itself: ${exceptionName(exit.handler.cause)}`,
      ];
    case "asleep":
      return [`asleep at pc ${exit.pc}: WFI, and no timer will end it`];
    case "limit":
      return [`stopped: the limit of ${exit.limit} was reached`];
    case "interrupted":
      return ["interrupted: the program had not ended, what follows is partial"];
  }
}

function ending(stop: Ending, whose: "meshsim" | "guest"): Exit | number {
  switch (stop.kind) {
    case "exit":
      if (whose === "guest") return stop.status & 0xff;
      return stop.status === 0 ? "ok" : "difference";
    case "limit":
    case "interrupted":
      return stop.kind;
    default:
      return "guest";
  }
}

const FLUSH_CHARACTERS = 1 << 20;

/** A text file written in large pieces under another name, and given its own when it is whole. */
class LineFile {
  readonly #path: string;
  readonly #partial: string;
  #file: number | undefined;
  #text = "";

  constructor(path: string) {
    this.#path = path;
    this.#partial = path === "-" ? "-" : beginFile(path);
    try {
      this.#file = path === "-" ? 1 : openSync(this.#partial, "w");
    } catch (error) {
      discardFile(this.#partial);
      throw new Failure("usage", `${path}: error: cannot write the file: ${(error as Error).message} (status 2)`);
    }
  }

  write(line: string): void {
    this.#text += `${line}\n`;
    if (this.#text.length > FLUSH_CHARACTERS) this.#flush();
  }

  finish(): void {
    this.#flush();
    if (this.#path === "-") return;
    closeSync(this.#file!);
    this.#file = undefined;
    finishFile(this.#partial, this.#path);
  }

  /** After `finish` nothing is left to discard. */
  discard(): void {
    if (this.#file === undefined || this.#path === "-") return;
    closeSync(this.#file);
    discardFile(this.#partial);
  }

  #flush(): void {
    if (this.#path === "-") writeStdout(this.#text);
    else writeSync(this.#file!, this.#text);
    this.#text = "";
  }
}
