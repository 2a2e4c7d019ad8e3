// docs/isa.md: every instruction, from its record.
import { SPEC_COMMIT } from "../../isa/cap/format.ts";
import { exceptionName } from "../../isa/cause.ts";
import { form } from "../../isa/codec.ts";
import type { Insn } from "../../isa/insn.ts";
import { allInstructions } from "../../isa/table.ts";
import { GENERATED } from "./page.ts";
import { operationOf, specialZeros, type Operation, type Variant } from "./operation.ts";

const INTRODUCTION = `# Instructions

${GENERATED}

Anchors are those of the RISC-V specification with CHERI, \`riscv/riscv-cheri\` at ${SPEC_COMMIT}. An operation is the
meaning that the engines execute (\`isa/ext/\`), written out:

- \`X(r)\` is the low 64 bits of a register and \`Y(r)\` the whole capability, with \`.tag\`, \`.metadata\` and \`.address\`.
  Writing \`X(r)\` clears metadata and tag. Register 0 is 0 and NULL.
- Arithmetic is modulo 2^64; \`<u\` and \`>>u\` are unsigned, \`<s\` and \`>>s\` signed; \`sext(a, n)\` and \`zext(a, n)\` extend the
  low n bits. Division by zero gives -1, and the remainder the dividend.
- \`M64(a)\` is memory: 64 bits at address a, zero-extended. An integer store clears the tag of each granule that it touches.
- \`base(y)\`, \`top(y)\` and \`top[64](y)\`, its bit 64, are decoded bounds; \`integral(y)\` is 0 where the bounds are malformed or
  the metadata has a reserved bit or value. \`R\`, \`W\`, \`X\`, \`C\`, \`LM\`, \`LG\`, \`SL\` and \`ASR\` are permission bits in the
  metadata, \`CT\` the bit that says sealed, \`GL\` global, \`P\` the pointer mode; braces hold several, and \`~\` is all other
  bits.
- \`holds(a)\` is 0 where translation is on, a is not canonical and the bounds are not Infinite.
- \`t1\`, \`t2\`, … name what is used more than once.

Any instruction may raise the faults of its fetch (causes 1, 12 and, in capability mode, 32), and an instruction of an
extension that the ISA string does not select is illegal (2). Misaligned integer accesses raise causes 4 and 6 only where
the machine is configured to trap them; atomics always do. Where a meaning depends on the machine, each form is given; what
is said of integer pointers holds in Integral Pointer Mode, where nothing else is said of it. With Zyhybrid, 16-bit
instructions of RVY are illegal in Integral Pointer Mode, and all of RVY where xenvcfg.Y disables it.
`;

/** The page. */
export function isaPage(): string {
  const extensions = [...new Set(allInstructions().map((f) => f.insn.ext))];
  const sections = extensions.map((ext) => {
    const members = allInstructions().filter((f) => f.insn.ext === ext);
    return [`## ${ext}`, ...members.map((f) => section(f.insn))].join("\n\n");
  });
  return [INTRODUCTION, ...sections].join("\n");
}

function section(insn: Insn): string {
  const operations = variantsOf(insn);
  const faults = [...new Set(operations.flatMap((o) => o.operation.faults))].sort((a, b) => a - b);
  const names = [
    ...(insn.was === undefined ? [] : [`formerly \`${insn.was}\``]),
    ...(insn.aliases ?? []).map((alias) => `also \`${alias}\``),
  ];
  const needs = [
    ...(insn.with === undefined ? [] : [`with ${insn.with}`]),
    ...(insn.without === undefined ? [] : [`without ${insn.without}`]),
    ...(insn.except === undefined ? [] : [`not where ${insn.except.split(" ").join(" or ")}`]),
  ];
  return [
    `### ${insn.name}`,
    "```\n" + [...diagram(insn), "", syntax(insn)].join("\n") + "\n```",
    ...operations.map(({ title, operation }) =>
      [...(title === "" ? [] : [`${title}:`]), "```\n" + (operation.lines.join("\n") || "nothing") + "\n```"].join(
        "\n\n",
      ),
    ),
    [
      ...(names.length + needs.length === 0 ? [] : [`- ${[...names, ...needs].join("; ")}`]),
      ...(isByDdc(insn)
        ? [
            `- In Integral Pointer Mode (Zyhybrid) \`ddc\` stands for \`Y(${form(insn).fields.includes("rs1") ? "rs1" : "sp"})\``,
          ]
        : []),
      `- Faults: ${faults.map((cause) => `${exceptionName(cause)} (${cause})`).join(", ") || "none"}`,
      `- Timing class \`${insn.timing}\`; text \`${insn.spec}\``,
    ].join("\n"),
  ].join("\n\n");
}

/** Bit positions over the encoding line. */
function diagram(insn: Insn): string[] {
  const tokens = insn.bits.split(" ");
  const { slices, bytes } = form(insn);
  let at = 8 * bytes;
  let slice = 0;
  const positions = tokens.map((token) => {
    const high = at - 1;
    at -= /^[01]+$/.test(token) ? token.length : widthOfField();
    return high === at ? `${high}` : `${high}:${at}`;
  });
  /** The slices of one token lie side by side, from its highest bit down. */
  function widthOfField(): number {
    let width = 0;
    const { field } = slices[slice]!;
    for (; slice < slices.length && slices[slice]!.field === field; slice += 1) {
      if (slices[slice]!.at + slices[slice]!.width !== at - width) break;
      width += slices[slice]!.width;
    }
    return width;
  }
  const column = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(Math.max(tokens[i]!.length, positions[i]!.length)))
      .join("  ")
      .trimEnd();
  return [column(positions), column(tokens)];
}

function syntax(insn: Insn): string {
  const fields = form(insn).fields;
  const suffix = `${fields.includes("aq") ? "[.aq][.rl]" : ""}`;
  return `${insn.name}${suffix} ${insn.asm}`.trimEnd();
}

const INTEGER = { capabilityMode: false, zylevels1: false, zyhybrid: false };
const CAPABILITY = { ...INTEGER, capabilityMode: true };
const LEVELS = { ...CAPABILITY, zylevels1: true };
const INTEGRAL = { ...INTEGER, zyhybrid: true };
const HYBRID = { ...CAPABILITY, zyhybrid: true };

/** 16-bit instructions of RVY are those of capability mode alone. */
const hasIntegral = (insn: Insn): boolean => insn.with !== "Y" || form(insn).bytes === 4;

/** Is the operation in Integral Pointer Mode that of capability mode, but that ddc stands for rs1? */
function isByDdc(insn: Insn): boolean {
  if (insn.without === "Y" || !hasIntegral(insn)) return false;
  const capability = operationOf(insn, HYBRID).lines.join("\n");
  const byDdc = capability.replaceAll(/Y\((rs1|sp)\)/g, "ddc");
  return byDdc !== capability && byDdc === operationOf(insn, INTEGRAL).lines.join("\n");
}

/** The operation in each kind of machine in which it differs from the kind before. */
function variantsOf(insn: Insn): { title: string; operation: Operation }[] {
  const text = (variant: Variant): string => operationOf(insn, variant).lines.join("\n");
  const alike = !hasIntegral(insn) || isByDdc(insn) || text(HYBRID) === text(INTEGRAL);
  const kinds: readonly (readonly [string, Variant])[] = [
    ["With integer pointers", INTEGER],
    ["In capability mode", CAPABILITY],
    ["With Zylevels1", LEVELS],
    [`With Zyhybrid${alike ? "" : ", in Capability Pointer Mode"}`, HYBRID],
    ["With Zyhybrid, in Integral Pointer Mode", INTEGRAL],
  ];
  const onlyCapabilities = insn.ext === "Y" || insn.with === "Y";
  const found: { title: string; operation: Operation }[] = [];
  for (const [title, variant] of kinds) {
    if (onlyCapabilities && (variant === INTEGER || (variant === INTEGRAL && !hasIntegral(insn)))) continue;
    if (insn.without === "Y" && variant.capabilityMode) continue;
    if (insn.ext === "Zyhybrid" && !variant.zyhybrid) continue;
    if (variant === INTEGRAL && isByDdc(insn)) continue;
    add(title, operationOf(insn, variant));
    for (const zero of specialZeros(insn, variant)) {
      const field = zero.startsWith("rs") ? `${zero} is x0` : `${zero} is 0`;
      add(`${title}, where ${field}`, operationOf(insn, variant, zero));
    }
  }
  const always = found.every((f) => f.title.startsWith(found[0]!.title));
  return always
    ? found.map((f) => ({ ...f, title: f.title.slice(found[0]!.title.length).replace(", where", "Where") }))
    : found;

  function add(name: string, operation: Operation): void {
    const text = operation.lines.join("\n");
    if (!found.some((f) => f.operation.lines.join("\n") === text)) found.push({ title: name, operation });
  }
}
