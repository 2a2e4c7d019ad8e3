// Lays out what one service needs in memory: its globals, its callees, its plans with their payloads, its working set.
import { CALL, IMPORT, PLAN, SERVICE } from "../kernel/abi.ts";
import type { DataBlock, Placed } from "./data-block.ts";
import type { PlanWork, ServiceWork } from "./schedule.ts";

/** Where the parts that others refer to stand. */
export interface ServiceData {
  readonly globals: Placed;
  /** Address of each import's IMPORT struct. */
  readonly imports: readonly number[];
  /** The table of checksums, one u64 a plan. */
  readonly results: Placed;
}

/** What only the client has. */
export interface ClientRole {
  readonly schedule: readonly number[];
  readonly meterAddress: number;
}

const CACHE_LINE_BYTES = 64;
const WORD_BYTES = 8;

/** Appends a service's data to a block. */
export function layoutService(
  block: DataBlock,
  id: number,
  service: ServiceWork,
  workingSetBytes: number,
): ServiceData {
  const S = SERVICE.layout(block.pointerBytes);
  const globals = block.reserveStructs(S, 1);
  const imports = layoutImports(block, service, globals.base + S.at.imports);
  const results = block.reserve(WORD_BYTES * Math.max(1, service.plans.length));
  const workingSet = block.reserve(workingSetBytes, CACHE_LINE_BYTES);
  block.u64(globals.base + S.at.id, id);
  block.u64(globals.base + S.at.planCount, service.plans.length);
  block.u64(globals.base + S.at.workingSetBytes, workingSetBytes);
  block.pointer(globals.base + S.at.results, results, true);
  block.pointer(globals.base + S.at.workingSet, workingSet, true);
  layoutPlans(block, service.plans, globals.base + S.at.plans);
  return { globals, imports, results };
}

/** Where the parts stand once their block has been moved by `delta`. */
export function movedData({ globals, imports, results }: ServiceData, delta: number): ServiceData {
  const moved = ({ base, bytes }: Placed): Placed => ({ base: base + delta, bytes });
  return { globals: moved(globals), imports: imports.map((at) => at + delta), results: moved(results) };
}

/** Adds the client's schedule and its pointer to the meter; the device itself is granted by the kernel. */
export function layoutClientRole(block: DataBlock, data: ServiceData, role: ClientRole): void {
  const S = SERVICE.layout(block.pointerBytes);
  const table = block.reserve(WORD_BYTES * Math.max(1, role.schedule.length));
  role.schedule.forEach((plan, i) => block.u64(table.base + WORD_BYTES * i, plan));
  block.pointer(data.globals.base + S.at.schedule, table, false);
  block.u64(data.globals.base + S.at.scheduleCount, role.schedule.length);
  if (block.pointerBytes === 8) block.u64(data.globals.base + S.at.meter, role.meterAddress);
}

/** Address of the client's meter pointer, for the kernel to fill. */
export function meterPointer(block: DataBlock, data: ServiceData): number {
  return data.globals.base + SERVICE.layout(block.pointerBytes).at.meter;
}

function layoutImports(block: DataBlock, service: ServiceWork, at: number): number[] {
  const I = IMPORT.layout(block.pointerBytes);
  const table = block.reserveStructs(I, service.imports.length);
  block.pointer(at, table, false);
  return service.imports.map((_, slot) => table.base + slot * I.bytes);
}

function layoutPlans(block: DataBlock, plans: readonly PlanWork[], at: number): void {
  const P = PLAN.layout(block.pointerBytes);
  const C = CALL.layout(block.pointerBytes);
  const table = block.reserveStructs(P, plans.length);
  block.pointer(at, table, false);
  plans.forEach((plan, index) => {
    const struct = table.base + index * P.bytes;
    const calls = block.reserveStructs(C, plan.calls.length);
    block.u64(struct + P.at.touchBytes, plan.touchBytes);
    block.u64(struct + P.at.iterations, plan.iterations);
    block.u64(struct + P.at.callCount, plan.calls.length);
    block.u64(struct + P.at.fault, plan.fault ? 1 : 0);
    block.pointer(struct + P.at.calls, calls, false);
    block.pointer(struct + P.at.reply, block.payload(plan.reply), false);
    plan.calls.forEach((call, i) => {
      const entry = calls.base + i * C.bytes;
      block.u64(entry + C.at.import, call.slot);
      block.u64(entry + C.at.plan, call.plan);
      block.u64(entry + C.at.touchBytes, call.touchBytes);
      block.pointer(entry + C.at.request, block.payload(call.request), false);
    });
  });
}
