// A service's data in the memory of a bench, laid out as a build lays it out.
import { IMPORT, REPLY, REQUEST, type PointerBytes } from "../../../kernel/abi.ts";
import { DataBlock } from "../../../workloads/data-block.ts";
import { spanChecksum, type CallOutcome } from "../../../workloads/checksum.ts";
import type { Payload } from "../../../workloads/messages.ts";
import type { CallWork, PlanWork } from "../../../workloads/schedule.ts";
import { layoutClientRole, layoutService, meterPointer, type ServiceData } from "../../../workloads/service-data.ts";
import type { Bench, Place } from "./bench.ts";

/** The word that stands in memory where a register's number is 3: gp. */
export const GP = 3;
export const TP = 4;
const WORKING_SET_BYTES = 1024;

/** A plan with its checksum worked out; calls fail or succeed as `outcomes` say. */
export function plan(
  request: Payload | undefined,
  reply: Payload,
  o: Partial<PlanWork> & { readonly outcomes?: readonly CallOutcome[] } = {},
): PlanWork {
  const touchBytes = o.touchBytes ?? 100;
  const checksum = spanChecksum(request, touchBytes, o.outcomes ?? []);
  return { touchBytes, iterations: 3, calls: [], reply, fault: false, checksum, ...o };
}

export interface PlacedService extends ServiceData {
  readonly pointerBytes: PointerBytes;
}

/** Places a service; `imports` is how many callees it can name. */
export function placeService(
  bench: Bench,
  plans: readonly PlanWork[],
  options: { readonly imports?: number; readonly schedule?: readonly number[] } = {},
): PlacedService {
  const { pointerBytes } = bench;
  const block = new DataBlock(bench.reserve(0, 1 << 16).base, pointerBytes);
  const imports = Array.from({ length: options.imports ?? 1 }, (_, i) => i);
  const data = layoutService(block, 0, { name: "it", plans, imports, nesting: 1 }, WORKING_SET_BYTES);
  const meter = 0x11_0000;
  layoutClientRole(block, data, { schedule: options.schedule ?? [], meterAddress: meter });
  bench.put(block.contents(), 1 << 16);
  bench.reserve(block.end - block.base - block.contents().length + (1 << 16), 1);
  for (const p of block.pointers) bench.pointer(p.at, p);
  bench.pointer(meterPointer(block, data), { base: meter, bytes: 64 });
  return { ...data, pointerBytes };
}

/** Lets an import lead to a function of the same image and to some globals. */
export function linkImport(bench: Bench, service: PlacedService, slot: number, entry: Place, globals: Place): void {
  const I = IMPORT.layout(bench.pointerBytes).at;
  bench.pointer(service.imports[slot]! + I.entry, entry);
  bench.pointer(service.imports[slot]! + I.globals, globals);
}

/** A REQUEST for a plan, and an empty REPLY. */
export function envelope(
  bench: Bench,
  planNumber: number,
  payload: Payload | undefined,
): { request: Place; reply: Place } {
  const { pointerBytes } = bench;
  const request = bench.reserve(REQUEST.layout(pointerBytes).bytes);
  const reply = bench.reserve(REPLY.layout(pointerBytes).bytes);
  const { at } = REQUEST.layout(pointerBytes);
  bench.u64(request.base + at.plan, planNumber);
  bench.u64(request.base + at.sequence, 77);
  if (payload !== undefined) bench.pointer(request.base + at.payload, bench.graph(payload));
  return { request, reply };
}

export const call = (o: Partial<CallWork> & { readonly request: Payload }): CallWork => ({
  ...{ slot: 0, service: 0, plan: 0, touchBytes: 60 },
  ...o,
});
