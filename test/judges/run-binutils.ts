// `npm run binutils [-- --samples N --seed S]`: judges every instruction of an integer base by GNU binutils; a line an extension.
import { parseArgs } from "node:util";
import { instructionsOf } from "../../isa/table.ts";
import { gnuAssembler } from "../drivers/gnu.ts";
import { BINUTILS_ISA, DIRECTIONS, judgeForm } from "./binutils.ts";
import { verdictText, type Verdict } from "./verdict.ts";

const { values } = parseArgs({
  options: { samples: { type: "string", default: "200" }, seed: { type: "string", default: "1" } },
});
const [samples, seed] = [Number(values.samples), Number(values.seed)];
if (!Number.isSafeInteger(samples) || samples < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write("usage: npm run binutils [-- --samples N --seed S]\n");
  process.exit(2);
}
if (gnuAssembler === undefined) {
  process.stderr.write("the judge is riscv64-unknown-elf-as and -objdump, which are not on the PATH\n");
  process.exit(3);
}

const forms = instructionsOf(BINUTILS_ISA);
const sum = (of: readonly Verdict[], count: (v: Verdict) => number): number => of.reduce((n, v) => n + count(v), 0);
const skipped = (v: Verdict): number => [...v.skipped.values()].reduce((n, count) => n + count, 0);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const reasons = new Map<string, number>();
say(["extension", "instructions", ...DIRECTIONS.flatMap((d) => [`${d}: passed`, "failed", "skipped"])].join("\t"));
for (const ext of new Set(forms.map((f) => f.insn.ext))) {
  const judged = forms.filter((f) => f.insn.ext === ext).map((f) => judgeForm(f, samples, seed));
  const counts = DIRECTIONS.flatMap((d) => {
    const of = judged.map((verdicts) => verdicts[d]);
    for (const v of of) for (const [why, count] of v.skipped) reasons.set(why, (reasons.get(why) ?? 0) + count);
    return [sum(of, (v) => v.passed), sum(of, (v) => v.failed), sum(of, skipped)];
  });
  say([ext, judged.length, ...counts].join("\t"));
  for (const v of judged.flatMap((verdicts) => DIRECTIONS.map((d) => verdicts[d]))) {
    if (v.failed === 0) continue;
    process.exitCode = 1;
    say(verdictText(v).join("\n"));
  }
}
for (const [why, count] of reasons) say(`skipped ${count}: ${why}`);
