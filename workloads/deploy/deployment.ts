// The deployments: ways to isolate services and to connect them. One line here and one .S file beside it each.
import { nearest } from "../../isa/asm/fault.ts";
import type { Diagnostic } from "../../isa/diagnostic.ts";
import type { PointerBytes } from "../../kernel/abi.ts";
import { GUEST_ISA } from "../../kernel/image.ts";

export interface Deployment {
  readonly name: string;
  readonly kernel: "process" | "sasos";
  /** Every service in one process, or one process each. Compartments of the single address space are neither. */
  readonly oneProcess: boolean;
  readonly pointerBytes: PointerBytes;
  /** What its hart implements. */
  readonly isa: string;
  /** Guest code of a service, in the order of assembly. */
  readonly sources: readonly string[];
  /** Stack that one activation of a service takes, without those that it calls; a multiple of 64. A test measures it. */
  readonly stackBytes: number;
  readonly isolation: string;
  /** What a call between services is. */
  readonly call: string;
  readonly standsFor: string;
}

/** Before any other code: macros and tables. */
const PRELUDE = ["kernel/common/pointer.S", "workloads/services/frame.S", "workloads/services/schema.S"];
const SERVICE = ["runtime", "reader", "compute", "client"].map(serviceSource);
const CODEC = ["marshal", "copy", "unmarshal", "utf8", "arena"].map(serviceSource);

function serviceSource(name: string): string {
  return `workloads/services/${name}.S`;
}

type Row = Omit<Deployment, "isa" | "sources"> & { readonly codec: boolean };

const deployment = ({ codec, ...row }: Row): Deployment => ({
  ...row,
  isa: GUEST_ISA[row.pointerBytes],
  sources: [...PRELUDE, ...SERVICE, ...(codec ? CODEC : []), `workloads/deploy/${row.name}.S`],
});

export const DEPLOYMENTS: readonly Deployment[] = [
  deployment({
    ...{ name: "monolith", kernel: "process", oneProcess: true, pointerBytes: 8, codec: false, stackBytes: 320 },
    isolation: "none",
    call: "a function call",
    standsFor: "the floor",
  }),
  deployment({
    ...{ name: "process-socket", kernel: "process", oneProcess: false, pointerBytes: 8, codec: true, stackBytes: 576 },
    isolation: "page tables",
    call: "marshal, socket, copy, switch, copy, unmarshal",
    standsFor: "containers, gRPC on one host",
  }),
  deployment({
    ...{ name: "capability", kernel: "sasos", oneProcess: false, pointerBytes: 16, codec: false, stackBytes: 576 },
    isolation: "RVY capabilities",
    call: "a sealed entry; arguments by capability, no marshalling, no copy",
    standsFor: "MeSHwA and CHERI",
  }),
];

export type FoundDeployments =
  | { readonly kind: "deployments"; readonly deployments: readonly Deployment[] }
  | { readonly kind: "diagnostics"; readonly diagnostics: readonly Diagnostic[] };

/** Deployments by name, in the order asked for; a diagnostic for each name that is unknown or repeated, and for none at all. */
export function deploymentsNamed(names: readonly string[]): FoundDeployments {
  const diagnostics: Diagnostic[] = [];
  const found: Deployment[] = [];
  for (const name of names.map((n) => n.trim()).filter((n) => n !== "")) {
    const deployment = DEPLOYMENTS.find((d) => d.name === name);
    if (deployment === undefined) diagnostics.push(unknown(name));
    else if (found.includes(deployment)) diagnostics.push(wrong(`deployment '${name}' is named twice`, KNOWN));
    else found.push(deployment);
  }
  if (found.length === 0 && diagnostics.length === 0) diagnostics.push(wrong("no deployment is named", KNOWN));
  return diagnostics.length > 0 ? { kind: "diagnostics", diagnostics } : { kind: "deployments", deployments: found };
}

const KNOWN = `there are ${DEPLOYMENTS.map((d) => d.name).join(", ")}`;

function unknown(name: string): Diagnostic {
  const near = nearest(
    name,
    DEPLOYMENTS.map((d) => d.name),
  );
  return wrong(`no deployment is named '${name}'`, near === undefined ? KNOWN : `did you mean '${near}'? ${KNOWN}`);
}

const wrong = (message: string, hint: string): Diagnostic => ({ file: "--deployments", message, hint });
