// docs/csr.md: every control and status register, from its record.
import { csrPrivilege, csrReadOnly, CSRS, type CsrRecord } from "../../isa/csr.ts";
import { GENERATED, markdownTable } from "./page.ts";

const INTRODUCTION = `# Control and status registers

${GENERATED}

The records are \`isa/csr.ts\`; what each register does is \`sim/machine/csr-behaviour.ts\`.

- **Width.** \`XLEN\`: 64 bits. \`XLEN, YLEN on RVY\`: a whole capability where the machine has RVY. \`YLEN\`: a capability, on RVY alone.
  With Zyhybrid, in Integral Pointer Mode and where xenvcfg.Y disables RVY, the second kind is read and written as XLEN bits,
  the write as YADDRW does it; where RVY is disabled, the third kind is not there.
- **A whole write** (CSRRW of a capability) leaves: \`direct\`, the value itself; \`yaddrw\`, the value with its address written
  again, as YADDRW does; \`changed\`, that only where the address had to be converted. CSRRS, CSRRC and the immediate forms
  write the address alone, as YADDRW does. A value that is corrupt loses its tag.
- **ASR.** Which accesses need the permission ASR in the pcc, on RVY.
- A read-only register that is written, a register of a higher privilege and one that is not there are illegal instructions.
`;

const MODES = { 0: "U", 1: "S", 3: "M" } as const;
const WIDTHS = { xlen: "XLEN", extended: "XLEN, YLEN on RVY", ylen: "YLEN" } as const;

/** The page. */
export function csrPage(): string {
  const sections = ([0, 1, 3] as const).map((mode) => {
    const rows = runs(CSRS.filter((csr) => csrPrivilege(csr.number) === mode)).map(row);
    const head = ["number", "name", "access", "width", "whole write", "ASR", "extension", "meaning", "text"];
    return `## Privilege ${MODES[mode]}\n\n${markdownTable(head, rows)}\n`;
  });
  return [INTRODUCTION, ...sections].join("\n");
}

/** Registers of a family that stand in a row: pmpaddr0 to pmpaddr15. */
type Run = readonly [first: CsrRecord, last: CsrRecord];

function runs(csrs: readonly CsrRecord[]): Run[] {
  const found: Run[] = [];
  for (const csr of [...csrs].sort((a, b) => a.number - b.number)) {
    const [first, last] = found.at(-1) ?? [];
    const stem = (c: CsrRecord | undefined): string => `${c?.name.replace(/\d+$/, "")} ${c?.doc}`;
    const joins = last !== undefined && /\d$/.test(csr.name) && stem(csr) === stem(last);
    if (joins) found[found.length - 1] = [first!, csr];
    else found.push([csr, csr]);
  }
  return found;
}

function row([first, last]: Run): string[] {
  const several = first !== last;
  const hex = (n: number): string => `0x${n.toString(16).padStart(3, "0")}`;
  const span = (a: string, b: string): string => (several ? `${a} … ${b}` : a);
  return [
    span(hex(first.number), hex(last.number)),
    `\`${span(first.name, last.name)}\``,
    csrReadOnly(first.number) ? "read" : "read, write",
    WIDTHS[first.width],
    first.whole ?? "",
    first.asr,
    first.ext ?? "",
    first.doc,
    `\`${first.spec}\``,
  ];
}
