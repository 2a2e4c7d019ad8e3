// Boot: from the Infinite capability to the first compartment, and nothing of it left behind.
import { describe, expect, test } from "vitest";
import { PERMISSION, SEALED } from "../../../isa/cap/format.ts";
import { holds, regionEnd, type Region } from "../../../kernel/layout.ts";
import { PLATFORM } from "../../../kernel/platform.ts";
import type { Compartment } from "../../../kernel/sasos/manifest.ts";
import { STATUS } from "../../../kernel/sasos/objects.ts";
import { PointerTable } from "../../../kernel/sasos/pointers.ts";
import { boundsOf, everyCapability, World, type TestCompartment } from "./world.ts";

const client: TestCompartment = { name: "client", code: "client_start: EXIT", imports: ["server"] };
const server: TestCompartment = { name: "server", code: "service_entry: ret" };

/** A world at the client's first instruction. */
function booted(compartments: readonly TestCompartment[] = [client, server]): World {
  const world = new World(compartments);
  world.stepTo(world.manifest.start.entry);
  return world;
}

test("the client runs, and its exit ends the run", () => {
  expect(new World([client, server]).run()).toEqual({ kind: "exit", status: 0 });
});

test("the client's exit status is the run's", () => {
  const failing = { ...client, code: "client_start: EXIT 7" };
  expect(new World([failing, server]).run()).toEqual({ kind: "exit", status: 7 });
});

test("the client starts with its globals in gp, its stack in sp, and nothing in any other register", () => {
  const world = booted();
  const { engine } = world.machine;
  const { data, text, stackBytes } = world.compartment("client");
  expect(boundsOf(engine.y(3))).toEqual(data);
  expect(boundsOf(engine.pcc)).toEqual(text);
  expect(boundsOf(engine.y(2))).toEqual({ base: regionEnd(world.stack) - stackBytes, bytes: stackBytes });
  expect(Number(engine.x(2))).toBe(regionEnd(world.stack));
  for (let r = 1; r < 32; r += 1) {
    if (r !== 2 && r !== 3) expect(engine.y(r), `x${r}`).toMatchObject({ tag: 0n, meta: 0n, addr: 0n });
  }
});

test("the thread may start anywhere in any compartment", () => {
  const other: TestCompartment = { name: "other", code: "service_entry: ebreak" };
  const starts = { ...client, imports: [], code: "service_entry: ebreak\nclient_start: EXIT 5" };
  const world = new World([other, starts], { start: "client" });
  expect(world.run()).toEqual({ kind: "exit", status: 5 });
  const failing = new World([other, { ...starts, code: "client_start: ebreak" }], { start: "client" });
  expect(failing.run()).toEqual({ kind: "exit", status: STATUS.clientFault });
  expect(failing.faults().map((f) => f.compartment)).toEqual(["client"]);
});

test("pages keep kernel, switcher, stacks and compartments apart; capabilities rest in all of them", () => {
  const world = booted();
  const { pages } = world.regions;
  expect(world.machine.hart.satp).toBe((8n << 60n) | BigInt(pages.root / 0x1000));
  const flags = Array.from({ length: 512 }, (_, page) => world.word(pages.ram + page * 8)).filter(
    (entry) => entry !== 0n,
  );
  const [R, W, X, U, GAD] = [2n, 4n, 8n, 16n, 0xe0n];
  const shared = 1n | R | GAD;
  expect(flags.map((entry) => entry & 0x3ffn)).toEqual([
    shared | X, // kernel text
    shared | W, // kernel data
    shared | X | U, // switcher
    shared | W | U, // stacks
    shared | W | X | U, // compartments
  ]);
  flags.forEach((entry, page) => {
    expect(entry >> 58n).toBe(1n);
    expect(Number((entry >> 10n) & 0xfff_ffffn) * 0x1000).toBe(PLATFORM.ram + page * 0x20_0000);
  });
});

test("stacks and compartments may each take several megapages", () => {
  const MEGAPAGE = 0x20_0000;
  const caller = { ...client, code: "client_start: CALL 0; sd a0, FREE(gp); EXIT" };
  const far = { ...server, code: "service_entry: sd gp, -8(sp); li a0, 77; ret", gapBytes: 2 * MEGAPAGE };
  const world = new World([caller, far], { threadStackBytes: 3 * MEGAPAGE }).runToEnd();
  expect(world.compartment("server").data.base - world.compartment("client").data.base).toBeGreaterThan(2 * MEGAPAGE);
  expect(world.free("client")).toBe(77n);
});

describe("after boot, in every register, CSR and granule of memory,", () => {
  const world = booted();
  const r = world.regions;
  const found = everyCapability(world.machine).map(({ where, cap }) => ({ where, cap, ...boundsOf(cap) }));

  test("no capability reaches beyond one part of the kernel or one region of a compartment", () => {
    const finisher = { base: PLATFORM.finisher, bytes: 4 };
    const parts: Region[] = [r.kernelText, r.kernelData, r.switcher, r.trustedStack, r.stack, finisher];
    parts.push(...world.manifest.compartments.flatMap((c) => [c.text, c.data]));
    expect(found.filter((c) => !parts.some((part) => holds(part, c))).map((c) => c.where)).toEqual([]);
    expect(found.length).toBeGreaterThan(parts.length);
  });

  test("ASR is found over kernel text alone", () => {
    const withAsr = found.filter((c) => (c.cap.meta & PERMISSION.ASR) !== 0n);
    expect(withAsr.filter((c) => !holds(r.kernelText, c))).toEqual([]);
    expect(withAsr.map((c) => c.where).sort()).toEqual(["mepc", "stvec"]);
  });

  test("nothing can be both written and executed", () => {
    const both = PERMISSION.W | PERMISSION.X;
    expect(found.filter((c) => (c.cap.meta & both) === both).map((c) => c.where)).toEqual([]);
  });

  test("the trusted stack is unsealed only in itself, in the kernel's data and in the switcher's text", () => {
    const reaching = found.filter((c) => c.base < regionEnd(r.trustedStack) && regionEnd(c) > r.trustedStack.base);
    const open = reaching.filter((c) => (c.cap.meta & SEALED) === 0n).map((c) => Number(c.where));
    const keepers = [r.trustedStack, r.kernelData, r.switcher];
    expect(open.filter((at) => !keepers.some((k) => holds(k, { base: at, bytes: 16 })))).toEqual([]);
    expect(open.length).toBeGreaterThan(0);
  });

  test("what a compartment holds of the kernel is sealed entries", () => {
    const kept = found.filter((c) =>
      world.manifest.compartments.some(({ data }) => holds(data, { base: Number(c.where), bytes: 16 })),
    );
    const foreign = kept.filter((c) => !world.manifest.compartments.some((x) => holds(x.data, c) || holds(x.text, c)));
    expect(foreign.map((c) => c.cap.meta & SEALED)).toEqual([SEALED]);
    expect(foreign.map((c) => Number(c.cap.addr) % 64)).toEqual([0]);
  });

  test("the token in utidc is sealed and odd, so that no jump can open it", () => {
    const token = world.machine.hart.utidc;
    expect(token.tag).toBe(1n);
    expect(token.meta & SEALED).not.toBe(0n);
    expect(token.addr % 2n).toBe(1n);
  });

  test("the stack's capabilities are local and no other memory of a compartment can keep them", () => {
    const local = found.filter((c) => holds(r.stack, c) && (c.cap.meta & (1n << 43n)) === 0n);
    expect(local.length).toBe(found.filter((c) => holds(r.stack, c)).length);
    const compartments = found.filter((c) => world.manifest.compartments.some((x) => holds(x.data, c)));
    expect(compartments.filter((c) => (c.cap.meta & PERMISSION.SL) !== 0n)).toEqual([]);
  });
});

describe("the loader refuses", () => {
  const refusals: Record<string, (c: Compartment, world: readonly Compartment[]) => Partial<Compartment>> = {
    "a pointer that ends beyond its compartment's data": ({ data }) => ({
      pointers: PointerTable.of({ at: data.base, base: regionEnd(data) - 16, bytes: 17, writable: true }),
    }),
    "a pointer that begins before it": ({ data }) => ({
      pointers: PointerTable.of({ at: data.base, base: data.base - 1, bytes: 16, writable: true }),
    }),
    "a pointer into another compartment": ({ data }, [other]) => ({
      pointers: PointerTable.of({ at: data.base, base: other!.data.base, bytes: 16, writable: false }),
    }),
    "a pointer into the kernel": ({ data }) => ({
      pointers: PointerTable.of({ at: data.base, base: PLATFORM.ram, bytes: 16, writable: false }),
    }),
    "a writable pointer into text": ({ data, text }) => ({
      pointers: PointerTable.of({ at: data.base, base: text.base, bytes: 4, writable: true }),
    }),
    "a pointer stored outside its data": ({ data }, [other]) => ({
      pointers: PointerTable.of({ at: other!.data.base, base: data.base, bytes: 16, writable: true }),
    }),
    "a pointer whose bounds cannot be exact": ({ data }) => ({
      data: { base: data.base, bytes: 0x2000 },
      pointers: PointerTable.of({ at: data.base, base: data.base + 1, bytes: 0x1001, writable: true }),
    }),
    "an entry stored outside its data": (_, [other]) => ({ imports: [{ at: other!.data.base, compartment: 0 }] }),
    "an entry of a compartment that does not exist": ({ data }) => ({ imports: [{ at: data.base, compartment: 2 }] }),
    "a region below the compartments' memory": ({ text }) => ({ data: { base: 0x8020_0000, bytes: text.bytes } }),
    "the finisher as a device": ({ data }) => ({ devices: [{ at: data.base, base: PLATFORM.finisher, bytes: 4 }] }),
    "a device outside the window": ({ data }) => ({ devices: [{ at: data.base, base: PLATFORM.uart, bytes: 4 }] }),
    "a stack slice that is no multiple of 64": () => ({ stackBytes: 100 }),
    "a stack slice of nothing": () => ({ stackBytes: 0 }),
    "a stack slice whose bounds may not be exact": () => ({ stackBytes: 4096 }),
  };
  test.each(Object.entries(refusals))("%s", (_, edit) => {
    const world = new World([client, { ...server, edit }]);
    expect(world.run()).toEqual({ kind: "exit", status: STATUS.refused });
    expect(world.word(world.symbol("refused_compartment"))).toBe(1n);
  });

  test("none of the same pointers one byte further in", () => {
    const edit = ({ data, text }: Compartment): Partial<Compartment> => ({
      pointers: PointerTable.of(
        { at: data.base, base: regionEnd(data) - 16, bytes: 16, writable: true },
        { at: data.base + 16, base: data.base, bytes: 16, writable: true },
        { at: data.base + 32, base: text.base, bytes: 4, writable: false },
      ),
      stackBytes: 4032,
    });
    const world = new World([client, { ...server, edit }]);
    expect(world.run()).toEqual({ kind: "exit", status: 0 });
    const { data, text } = world.compartment("server");
    const [last, first, constant] = [0, 16, 32].map((at) => world.capability(data.base + at));
    expect(boundsOf(last!)).toEqual({ base: regionEnd(data) - 16, bytes: 16 });
    expect(boundsOf(first!)).toEqual({ base: data.base, bytes: 16 });
    expect(boundsOf(constant!)).toEqual({ base: text.base, bytes: 4 });
    expect(first!.meta & PERMISSION.W).not.toBe(0n);
    expect(constant!.meta & (PERMISSION.W | PERMISSION.LM)).toBe(0n);
  });
});

describe("devices", () => {
  const PTE = { V: 1n, U: 16n };
  const edit = ({ data }: Compartment): Partial<Compartment> => ({
    devices: [
      { at: data.base, base: PLATFORM.meter, bytes: 64 },
      { at: data.base + 16, base: PLATFORM.meter + 0x1008, bytes: 8 },
    ],
  });
  const code = "client_start: ly t0, 0(gp); li t1, 42; sd t1, 0(t0); EXIT";

  /** Device pages that are mapped, and whether compartments may reach them. */
  function mapped(world: World): { page: number; user: boolean }[] {
    const { pages } = world.regions;
    const entries = Array.from({ length: 512 }, (_, page) => ({ page, entry: world.word(pages.grants + page * 8) }));
    return entries
      .filter(({ entry }) => (entry & PTE.V) !== 0n)
      .map(({ page, entry }) => ({ page: page * 0x1000, user: (entry & PTE.U) !== 0n }));
  }

  test("granted registers are reached, no more of them than granted, and their pages mapped", () => {
    const world = new World([{ name: "client", code, edit }]).runToEnd();
    expect(world.meter.map((e) => e.value)).toEqual([42]);
    const { data } = world.compartment("client");
    expect(boundsOf(world.capability(data.base))).toEqual({ base: PLATFORM.meter, bytes: 64 });
    expect(boundsOf(world.capability(data.base + 16))).toEqual({ base: PLATFORM.meter + 0x1008, bytes: 8 });
    expect(mapped(world)).toEqual([
      { page: PLATFORM.finisher, user: false },
      { page: PLATFORM.meter, user: true },
      { page: PLATFORM.meter + 0x1000, user: true },
    ]);
  });

  test("without a grant only the kernel's finisher is mapped, and not for compartments", () => {
    expect(mapped(booted())).toEqual([{ page: PLATFORM.finisher, user: false }]);
  });
});

test("compartments that overlap are our own bug: building the image throws", () => {
  const edit = (_: Compartment, [other]: readonly Compartment[]): Partial<Compartment> => ({ data: other!.data });
  expect(() => new World([client, { ...server, edit }])).toThrow("compartments overlap");
});
