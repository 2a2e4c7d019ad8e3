// Registers that generated code reads and writes itself: the same rules as in the interpreter, in every mode, for every value.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HELD_REGISTERS } from "../../../../sim/machine/held.ts";
import { PASS, program, passThrough } from "../../../drivers/machine.ts";
import { bothRun, INTEGER, onBoth, RAM_BYTES } from "./engines.ts";
import { enter } from "./supervised.ts";

const NAMES = Object.keys(HELD_REGISTERS);
const SOURCES = ["zero", "s2", "s3", "s4", "s5", "s6", "s7"];
const arbRegister = fc.constantFrom(...SOURCES);
const arbForm = fc.constantFrom("csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci");

const arbBody = (names: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(
      fc
        .tuple(arbForm, arbRegister, fc.constantFrom(...names), arbRegister, fc.nat(31))
        .map(([form, rd, csr, rs, imm]) => `${form} ${rd}, ${csr}, ${form.endsWith("i") ? imm : rs}`),
      { minLength: 1, maxLength: 12 },
    )
    .map((lines) => lines.join("\n"));

/** What the sources hold at first. With capabilities: infinite, bounded, sealed, corrupt, untagged, and an integer. */
const VALUES = {
  integer: "li s2, -1\n li s3, 0x80000001\n li s4, 0x80000002\n li s5, 12345\n li s6, 0\n li s7, 2",
  capability: `ymv s2, s0
    ybndswi s3, s0, 64
    yaddi s3, s3, 1
    ysentry s4, s3
    li t0, -1
    packy s5, s2, t0
    li t0, 6
    packy s6, s0, t0
    li s7, 0x80001235`,
};

/** Runs the body four times in a mode of privilege, with or without ASR; M-mode steps over what traps and counts it in s10. */
function inMode(body: string, form: keyof typeof VALUES, mode: number, asr = true): string {
  const capability = form === "capability";
  const step = capability ? "yaddi" : "addi";
  return `
    auipc s0, 0
    ${VALUES[form]}
    lla t0, trapped
    csrw mtvec, t0
    li t0, 0x1800
    csrc mstatus, t0
    li t0, ${mode << 11}
    csrs mstatus, t0
    lla t0, 1f
    ${capability && !asr ? "li t1, 0x10000\n ypermc t0, t0, t1" : ""}
    csrw mepc, t0
    mret
  1: li s11, 4
  2: ${body}
    addi s11, s11, -1
    bnez s11, 2b
    ${capability ? passThrough("s0") : PASS}
    .balign 4
  trapped: addi s10, s10, 1
    csrr t6, mepc
    ${step} t6, t6, 4
    csrw mepc, t6
    mret
  `;
}

describe.each([
  ["integer", INTEGER],
  ["capability", "rv64y"],
  ["capability", "rv64y_zylevels1"],
] as const)("%s, %s", (form, isa) => {
  const names = form === "integer" ? NAMES.filter((name) => !name.endsWith("tidc")) : NAMES;

  test.each([
    ["M", 3],
    ["S", 1],
    ["U", 0],
  ])("reads and writes of registers in %s-mode give what they give in the interpreter", (_, mode) => {
    fc.assert(
      fc.property(arbBody(names), fc.boolean(), (body, asr) => {
        const options = { isa, image: program(`.option norvc\n${inMode(body, form, mode, asr)}`, isa) };
        const { reference, turbo } = onBoth({ ...options, ramBytes: RAM_BYTES }, (machine) => [
          machine.run({ maxInstructions: 1000 }),
          NAMES.map((name) => stateOfHeld(machine.hart[name as keyof typeof HELD_REGISTERS])),
        ]);
        expect(turbo).toEqual(reference);
      }),
      { numRuns: 40 },
    );
  });

  test("a loop over them is generated code alone", () => {
    const body = names.filter((name) => name !== "mepc").map((name) => `csrrw s2, ${name}, s2\n csrr s3, ${name}\n`);
    const translated = bothRun(inMode(body.join(""), form, 3), isa);
    expect(translated).toBeGreaterThan(3 * 2 * body.length);
  });
});

test("code that reads a machine register in M-mode traps when U-mode runs it", () => {
  bothRun(`
    lla t0, trapped
    csrw mtvec, t0
    csrwi mscratch, 5
    li s0, 3
    call reader
    ${enter("U", "1f")}
  1: li s0, 3
    call reader
    ${PASS}
  reader: .option norvc
    csrr t1, mscratch
    add s1, s1, t1
    addi s0, s0, -1
    bnez s0, reader
    ret
  trapped: addi s10, s10, 1
    csrr t6, mepc
    addi t6, t6, 4
    csrw mepc, t6
    mret`);
});

const stateOfHeld = (value: unknown): string =>
  JSON.stringify(value, (key, part: unknown) =>
    key === "bounds" ? undefined : typeof part === "bigint" ? `${part}` : part,
  );
