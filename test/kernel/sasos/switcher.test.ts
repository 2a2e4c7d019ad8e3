// The switcher: what crosses between compartments, what does not, and what a crossing costs.
import { describe, expect, test } from "vitest";
import { SEALED } from "../../../isa/cap/format.ts";
import { ERRORS } from "../../../kernel/abi.ts";
import { guestSource } from "../../../kernel/image.ts";
import { holds, regionEnd } from "../../../kernel/layout.ts";
import { boundsOf, World, type TestCompartment } from "./world.ts";

const NOTHING = { tag: 0, meta: 0n, addr: 0n };
const TEMPORARIES = ["tp", "t0", "t1", "t2", "a2", "a3", "a4", "a5", "a6", "a7", "t3", "t4", "t5", "t6"];
const SAVED = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11"];
const error = (name: keyof typeof ERRORS): bigint => BigInt.asUintN(64, BigInt(-ERRORS[name]));

const client = (code: string, imports = ["server"]): TestCompartment => ({
  name: "client",
  code: `client_start: ${code}`,
  imports,
});
const server = (code: string, more: Partial<TestCompartment> = {}): TestCompartment => ({
  name: "server",
  code: `service_entry: ${code}`,
  ...more,
});
const storeA0 = "sd a0, FREE(gp);";

test("a call passes a0 and a1 and returns a0 and a1", () => {
  const caller = client(`li a0, 40; li a1, 2; CALL 0; sd a0, FREE(gp); sd a1, FREE + 8(gp); EXIT`);
  const world = new World([caller, server("add t0, a0, a1; sub a1, a0, a1; mv a0, t0; ret")]).runToEnd();
  expect([world.free("client"), world.free("client", 8)]).toEqual([42n, 38n]);
});

describe("at the callee's first instruction, after the caller left a canary in every register,", () => {
  const world = new World([client("FILL_REGISTERS; CALL 0; EXIT"), server("SAVE_REGISTERS; ret")]).runToEnd();
  const { data } = world.compartment("client");

  test("the arguments are the caller's capabilities", () => {
    for (const a of ["a0", "a1"]) {
      expect(world.saved("server", a).tag, a).toBe(1);
      expect(boundsOf(world.saved("server", a)), a).toEqual(data);
    }
  });

  test.each([...TEMPORARIES, ...SAVED])("%s is clear", (register) => {
    expect(world.saved("server", register)).toEqual(NOTHING);
  });

  test("ra is a sealed way back into the switcher, and sp the top of a slice of the declared size", () => {
    const [ra, sp] = [world.saved("server", "ra"), world.saved("server", "sp")];
    expect(ra.tag).toBe(1);
    expect(ra.meta & SEALED).not.toBe(0n);
    expect(Number(ra.addr)).toBeGreaterThan(world.symbol("switcher_enter"));
    expect(boundsOf(sp).bytes).toBe(256);
    expect(Number(sp.addr)).toBe(regionEnd(boundsOf(sp)));
  });
});

describe("after the return of a callee that left a canary in every register and spoilt sp and gp,", () => {
  const caller = client("FILL_REGISTERS; sd sp, FREE(gp); CALL 0; SAVE_REGISTERS; EXIT");
  const world = new World([caller, server("FILL_REGISTERS; li sp, -16; li gp, 0; ret")]).runToEnd();
  const ownData = world.compartment("client").data;

  test("a0 and a1 are the callee's", () => {
    for (const a of ["a0", "a1"]) expect(boundsOf(world.saved("client", a))).toEqual(world.compartment("server").data);
  });

  test.each(SAVED)("%s is what the caller had there", (register) => {
    const { tag, addr } = world.saved("client", register);
    expect(tag).toBe(1);
    expect(holds(ownData, { base: Number(addr), bytes: 1 })).toBe(true);
  });

  test("sp is what the caller had", () => {
    expect(world.saved("client", "sp").addr).toBe(world.free("client"));
  });

  test.each(TEMPORARIES)("%s is clear", (register) => {
    expect(world.saved("client", register)).toEqual(NOTHING);
  });
});

describe("a stack slice", () => {
  const SCAN = `
service_entry:
        li      a0, 0
        yaddi   t1, sp, -256
1:      ld      t0, 0(t1)                       # all of the slice, or-ed
        or      a0, a0, t0
        sd      ra, 0(t1)                       # and spoilt
        yaddi   t1, t1, 8
        bltu    t1, sp, 1b
        ret`;
  const caller = client("CALL 0; sd a0, FREE(gp); CALL 0; sd a0, FREE + 8(gp); EXIT");

  test("is zero when the callee gets it, and again after its return", () => {
    const world = new World([caller, { name: "server", code: SCAN }]).runToEnd();
    expect([world.free("client"), world.free("client", 8)]).toEqual([0n, 0n]);
  });

  test("holds nothing of any callee once all have returned", () => {
    const world = new World([caller, { name: "server", code: SCAN }]).runToEnd();
    const own = boundsOf(world.saved("client", "sp"));
    expect(own.bytes).toBeGreaterThan(0);
    const stack = { base: world.stack.base, bytes: world.stack.bytes - 256 };
    expect(world.bytes(stack).every((byte) => byte === 0)).toBe(true);
  });

  test("lies below the caller's and shares no byte with it, at any depth and in recursion", () => {
    const record = (slot: number): string => `
        ld      t0, FREE(gp)                    # nth call: record its sp
        slli    t1, t0, 4
        addi    t0, t0, 1
        sd      t0, FREE(gp)
        yadd    t1, gp, t1
        sd      sp, FREE + 16(t1)
        yaddi   sp, sp, -16
        sy      ra, 0(sp)
        li      t1, 3
        bgeu    t0, t1, 1f
        CALL    ${slot}
1:      ly      ra, 0(sp)
        ret`;
    const a = server(record(0), { name: "a", imports: ["b"], stackBytes: 320 });
    const b = server(record(0), { name: "b", imports: ["a"], stackBytes: 64 });
    const world = new World([client("CALL 0; EXIT", ["a"]), a, b]).runToEnd();
    const top = regionEnd(world.stack) - 256;
    const tops = [0, 1, 2].flatMap((n) => [world.free("a", 16 + 16 * n), world.free("b", 16 + 16 * n)]).map(Number);
    expect(tops.slice(0, 5)).toEqual([top, top - 320, top - 384, top - 704, top - 768]);
  });

  test("cannot be kept: a local capability loses its tag in the callee's globals", () => {
    const world = new World([client("ymv a0, sp; CALL 0; EXIT"), server("SAVE_REGISTERS; ret")]).runToEnd();
    expect(world.saved("server", "a0")).toMatchObject({ tag: 0, addr: BigInt(regionEnd(world.stack)) });
    expect(world.saved("server", "sp").tag).toBe(0);
  });
});

describe("when room runs out", () => {
  const recursion = server(
    "ld t0, FREE(gp); addi t0, t0, 1; sd t0, FREE(gp); yaddi sp, sp, -16; sy ra, 0(sp); CALL 0; ly ra, 0(sp); ret",
    { imports: ["server"] },
  );
  const caller = client(`CALL 0; ${storeA0} CALL 0; EXIT`);

  test.each([
    ["the stack", 512, Math.floor((0x4000 - 256) / 512)],
    ["the trusted stack", 64, Math.floor((0x4000 - 64) / 256) - 1],
  ])(
    "%s: the call that does not fit returns noStack to its caller, and the next run starts afresh",
    (_, stackBytes, depth) => {
      const world = new World([caller, { ...recursion, stackBytes }]).runToEnd();
      expect(world.free("client")).toBe(error("noStack"));
      expect(world.free("server")).toBe(BigInt(2 * depth));
      expect(world.faults()).toEqual([]);
    },
  );

  test("a1 and the temporaries are clear beside the error", () => {
    const all = client("FILL_REGISTERS; CALL 0; SAVE_REGISTERS; EXIT");
    const world = new World([all, server("ret", { stackBytes: 4032 })], { threadStackBytes: 1024 }).runToEnd();
    expect(world.saved("client", "a0")).toEqual({ ...NOTHING, addr: error("noStack") });
    for (const register of ["a1", ...TEMPORARIES]) expect(world.saved("client", register), register).toEqual(NOTHING);
  });
});

describe("whatever the caller's sp and ra are, the callee is not concerned:", () => {
  const outer = client(`CALL 0; ${storeA0} EXIT`, ["middle"]);
  const middle = (before: string, after: string): TestCompartment => ({
    name: "middle",
    code: `service_entry: ymv s0, ra; ymv s1, sp; ${before}; ly t0, 0(gp); ${after}`,
    imports: ["server"],
  });
  const callee = server("yaddi sp, sp, -16; sd sp, 0(sp); li a0, 7; ret");

  test.each([
    ["0", "li sp, 0"],
    ["-16", "li sp, -16"],
    ["misaligned", "yaddi sp, sp, -3"],
    ["the address of another stack", "li t0, 0x80600000; yaddrw sp, sp, t0"],
    ["sealed", "ysentry sp, sp"],
    ["the token of the trusted stack", "csrr sp, utidc"],
    ["a capability of its own globals", "ymv sp, gp"],
  ])("with sp %s the call succeeds, and sp is the same after it", (_, setSp) => {
    const code = middle(`${setSp}; ymv s2, sp`, "jalr ra, 0(t0); yeq t1, sp, s2; add a0, a0, t1; ymv ra, s0; ret");
    const world = new World([outer, code, callee]).runToEnd();
    expect(world.free("client")).toBe(8n);
  });

  test.each([
    ["nothing", "li ra, 0"],
    ["data", "ymv ra, gp"],
    ["the token of the trusted stack", "csrr ra, utidc"],
  ])("with %s for a return address the caller faults after it, and its own caller gets the error", (_, setRa) => {
    const world = new World([outer, middle(setRa, "jr t0"), callee]).runToEnd();
    expect(world.free("client")).toBe(error("fault"));
    expect(world.faults().map((f) => f.compartment)).toEqual(["middle"]);
  });
});

describe("the link back into the switcher", () => {
  test("kept from an earlier call returns from the present one", () => {
    const keeps = server(`
        ly      t0, FREE(gp)
        ytagr   t1, t0
        bnez    t1, 1f
        sy      ra, FREE(gp)
        li      a0, 1
        ret
1:      li      a0, 2
        jr      t0`);
    const world = new World([client("CALL 0; CALL 0; sd a0, FREE(gp); EXIT"), keeps]).runToEnd();
    expect(world.free("client")).toBe(2n);
  });

  test("given to another compartment returns from that one, to that one's caller", () => {
    const gives = server("ymv a0, ra; yaddi sp, sp, -16; sy ra, 0(sp); CALL 0; addi a0, a0, 1; ly ra, 0(sp); ret", {
      imports: ["thief"],
    });
    const thief = server("ymv t0, a0; li a0, 5; jr t0", { name: "thief" });
    const world = new World([client(`CALL 0; ${storeA0} EXIT`), gives, thief]).runToEnd();
    expect(world.free("client")).toBe(6n);
  });

  test("used where nobody called ends the run as a fault of the client", () => {
    const world = new World([client("CALL 0; jr a0"), server("ymv a0, ra; ret")]);
    expect(world.run()).toMatchObject({ kind: "exit" });
    expect(world.faults()).toMatchObject([{ compartment: "client", cause: 3 }]);
  });
});

describe("a reservation", () => {
  const caller = client(`yaddi a0, gp, FREE; lr.d t0, (a0); CALL 0; sd a0, FREE + 8(gp); EXIT`);

  test("is lost on a call: the callee's SC to what its caller reserved fails, and leaves memory as it was", () => {
    const world = new World([caller, server("li t0, 1; sc.d a0, t0, (a0); ret")]).runToEnd();
    expect([world.free("client", 8), world.free("client")]).toEqual([1n, 0n]);
  });

  test("is lost on a return: the caller's SC to what its callee reserved fails", () => {
    const after = client(
      "yaddi a0, gp, FREE; CALL 0; li t0, 1; yaddi t1, gp, FREE; sc.d t0, t0, (t1); sd t0, FREE + 8(gp); EXIT",
    );
    const world = new World([after, server("lr.d t0, (a0); ret")]).runToEnd();
    expect([world.free("client", 8), world.free("client")]).toEqual([1n, 0n]);
  });

  test("stays with who crosses to nobody", () => {
    const alone = client("yaddi a0, gp, FREE; lr.d t0, (a0); li t0, 1; sc.d t0, t0, (a0); sd t0, FREE + 8(gp); EXIT");
    const world = new World([alone, server("ret")]).runToEnd();
    expect([world.free("client", 8), world.free("client")]).toEqual([0n, 1n]);
  });
});

describe("the cost of a crossing", () => {
  const compartments = [client("CALL 0; EXIT"), server("ret")];

  /** Instructions executed from leaving the caller to the callee's first, and from leaving that to the caller's next. */
  function crossing(read?: typeof guestSource): { call: number; return: number } {
    const world = new World(compartments, read ? { read } : {});
    const between = (from: number, to: number): number => {
      world.stepTo(from);
      world.machine.step();
      const start = world.machine.instructions;
      world.stepTo(to);
      return world.machine.instructions - start;
    };
    const entry = world.compartment("server").entry;
    const call = world.manifest.start.entry + 4;
    return { call: between(call, entry), return: between(entry, call + 4) };
  }

  test("is what the switcher's header says", () => {
    const [, call, base, perBlock] =
      /call: (\d+) +return: (\d+) and (\d+) for each 64 bytes/.exec(guestSource("kernel/sasos/switcher.S").text) ?? [];
    expect(crossing()).toEqual({ call: Number(call), return: Number(base) + (256 / 64) * Number(perBlock) });
  });

  test("falls by the instructions removed when the switcher clears no registers, and the canaries are then seen", () => {
    const [temporaries, all] = [TEMPORARIES.length, TEMPORARIES.length + SAVED.length];
    const unsafe = (path: string): ReturnType<typeof guestSource> => {
      const source = guestSource(path);
      const text = source.text.replaceAll(/^ +(CLEAR_TEMPORARIES|li +\\r, 0)$/gm, "");
      return { ...source, text };
    };
    const [safe, cheap] = [crossing(), crossing(unsafe)];
    expect(safe.call - cheap.call).toBe(all);
    expect(safe.return - cheap.return).toBe(temporaries);
    const spied = [client("FILL_REGISTERS; CALL 0; EXIT"), server("SAVE_REGISTERS; ret")];
    const world = new World(spied, { read: unsafe }).runToEnd();
    expect(world.saved("server", "s11").tag).toBe(1);
  });
});

test("without Zylevels1 the kernel runs the same; only keeping a stack capability is then not prevented", () => {
  const compartments = [client("ymv a0, sp; CALL 0; EXIT"), server("SAVE_REGISTERS; ret")];
  expect(new World(compartments, { isa: "rv64y" }).runToEnd().saved("server", "a0").tag).toBe(1);
});
