// Cold code: the first instructions of a program with full timing, beside the interpreter in WebAssembly alone, which never translates.
// `npm run bench:cold`; USAGE says with what options. Each run has a process of its own (cold-run.ts, packed as the command line is, what V8
// compiles of it recorded), both in turns.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "rolldown";
import { writeElf } from "../../isa/elf.ts";
import type { Image } from "../../isa/image.ts";
import { chosen, geometricMean, median } from "../../sim/cli/bench.ts";
import { Failure } from "../../sim/cli/failure.ts";
import { chosenMachine } from "../../sim/cli/machine-option.ts";
import { loadProgram } from "../../sim/cli/program.ts";
import { whole } from "../../sim/cli/values.ts";
import type { MachineConfig } from "../../sim/config/machine.ts";
import { RECORDS } from "../../sim/packed-code.ts";
import { buildKernel, FORMS, isaOf, KERNELS } from "../../workloads/micro/kernels.ts";
import { compileProgram, needGcc, PROGRAM_ISA, PROGRAM_RAM_BYTES, PROGRAMS } from "./c-programs.ts";
import type { Job } from "./cold-run.ts";
import { columns, optionValues, runCommand } from "./command.ts";

const USAGE = `usage: npm run bench:cold [-- OPTIONS]
  --machine PRESET   whose timing (default cva6@1)
  --kernels A,B      some of the kernels of meshsim bench, in both forms; none (default all)
  --programs A,B     some of the files of test/bench/programs; none (default all); they need riscv64-unknown-elf-gcc
  --files A,B        programs beside them, ELF or assembly, for ${PROGRAM_ISA}
  --instructions N   executed from reset on (default 4000000)
  --rounds N         in turns, of which the medians are shown (default 5)`;

/** Files of the folder in which it is measured. */
const RUN = { begin: "cold-run.mjs", code: "cold-run.cjs" };
const PROGRAM = "program.elf";
/** The kernel whose runs have the code recorded. */
const RECORDED = "mixed";
/** No kernel comes to its end. */
const TURNS = 2 ** 40;
const FILE_RAM_BYTES = 2 ** 26;

/** What is executed. */
interface Subject {
  readonly name: string;
  readonly isa: string;
  readonly ramBytes: number;
  readonly image: (folder: string) => Image;
}

interface Options {
  readonly core: MachineConfig;
  readonly subjects: readonly Subject[];
  readonly instructions: number;
  readonly rounds: number;
}

const kernelSubjects = (names: readonly string[]): Subject[] =>
  KERNELS.filter(({ name }) => names.includes(name)).flatMap((kernel) =>
    FORMS.map((form) => ({
      ...{ name: `${kernel.name} ${form}`, isa: isaOf(form), ramBytes: PROGRAM_RAM_BYTES },
      image: () => buildKernel(kernel, form, TURNS),
    })),
  );

const programSubject = (name: string): Subject => ({
  ...{ name, isa: PROGRAM_ISA, ramBytes: PROGRAM_RAM_BYTES },
  image: (folder) => compileProgram(name, folder),
});

function fileSubject(file: string): Subject {
  const image = loadProgram({ program: file, isa: PROGRAM_ISA, loadAddress: undefined });
  return { name: basename(file), isa: PROGRAM_ISA, ramBytes: FILE_RAM_BYTES, image: () => image };
}

async function readOptions(): Promise<Options> {
  const values = optionValues(["machine", "kernels", "programs", "files", "instructions", "rounds"], USAGE);
  const { config } = await chosenMachine({ machine: values.machine, set: undefined }, "nothing measured");
  const some = (option: "kernels" | "programs", names: readonly string[]): readonly string[] =>
    values[option] === "none" ? [] : chosen(option, values[option] ?? "all", names);
  const kernels = some(
    "kernels",
    KERNELS.map(({ name }) => name),
  );
  const programs = some("programs", PROGRAMS);
  if (programs.length > 0) needGcc();
  const files = values.files?.split(",") ?? [];
  const subjects = [...kernelSubjects(kernels), ...programs.map(programSubject), ...files.map(fileSubject)];
  if (subjects.length === 0) throw new Failure("usage", `nothing is to be measured (status 2)\n${USAGE}`);
  return {
    core: config,
    subjects,
    instructions: whole("instructions", values.instructions ?? "4000000", 1, 1e12),
    rounds: whole("rounds", values.rounds ?? "5", 1, 1000),
  };
}

const pack = (folder: string, source: string, name: string): Promise<unknown> =>
  build({
    input: join(import.meta.dirname, source),
    platform: "node",
    logLevel: "warn",
    output: { file: join(folder, name), format: name.endsWith(".cjs") ? "cjs" : "es", codeSplitting: false },
  });

async function prepare(folder: string, { core, instructions }: Options): Promise<void> {
  await pack(folder, "cold-run.ts", RUN.code);
  await pack(folder, "../../sim/cli/thread.ts", RUN.begin);
  const elf = join(folder, PROGRAM);
  for (const subject of kernelSubjects([RECORDED])) {
    writeFileSync(elf, writeElf(subject.image(folder)));
    milliseconds(folder, { ...subject, elf, core, instructions, translates: true }, { [RECORDS]: "1" });
  }
}

function milliseconds(folder: string, job: Job, environment: Readonly<Record<string, string>> = {}): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, RUN.begin), JSON.stringify(job)], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Failure("usage", `${stderr.trim()} (status 2)`);
  return Number(stdout);
}

/** Milliseconds for the first instructions: the interpreter's alone, and with what is hot translated. The second of two is at a disadvantage. */
function times(
  folder: string,
  { name, isa, ramBytes }: Subject,
  { core, instructions, rounds }: Options,
): [number, number] {
  const ms: [number[], number[]] = [[], []];
  const elf = join(folder, PROGRAM);
  for (let round = 0; round < rounds; round += 1)
    for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const translates = i === 1;
      ms[i]!.push(milliseconds(folder, { name, elf, isa, ramBytes, core, instructions, translates }));
    }
  return [median(ms[0]), median(ms[1])];
}

const WIDTHS = [26, 14, 14, 8];
const writeRow = (cells: readonly string[]): boolean => process.stdout.write(columns(WIDTHS, cells));
const shares = (interpreted: number, translated: number): string[] => [
  interpreted.toFixed(0),
  translated.toFixed(0),
  (translated / interpreted).toFixed(2),
];

function bench(options: Options, folder: string): void {
  const rows: [number, number][] = [];
  writeRow([`ms of ${options.instructions}`, "interpreter", "by default", "share"]);
  for (const subject of options.subjects) {
    process.stderr.write(`${subject.name}\n`);
    writeFileSync(join(folder, PROGRAM), writeElf(subject.image(folder)));
    const row = times(folder, subject, options);
    rows.push(row);
    writeRow([subject.name, ...shares(...row)]);
  }
  const [interpreted, translated] = [0, 1].map((i) => geometricMean(rows.map((row) => row[i]!)));
  writeRow(["geometric mean", ...shares(interpreted!, translated!)]);
}

await runCommand(async () => {
  const options = await readOptions();
  const folder = mkdtempSync(join(tmpdir(), "meshsim-cold-"));
  try {
    await prepare(folder, options);
    bench(options, folder);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
