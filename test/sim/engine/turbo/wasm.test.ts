// Modules as the host takes them: hints of branches stand where the proposal wants them, and change nothing of what code does.
import { describe, expect, it } from "vitest";
import { Code, encodeModule, I32, Op, VOID } from "../../../../sim/engine/turbo/wasm.ts";
import { instantiate } from "../../../../sim/engine/turbo/host.ts";

/** `choose(x)`: 7 where x is not 0, else 5. */
function choose(branch: "op" | "rarely" | "mostly"): Uint8Array<ArrayBuffer> {
  const inner = new Code().local(Op.localGet, 0);
  inner[branch](Op.if).byte(VOID).i32(7).local(Op.localSet, 1).op(Op.end);
  const body = new Code().i32(5).local(Op.localSet, 1).place(inner).local(Op.localGet, 1);
  const one = [I32] as const;
  const choose = { params: one, results: one, locals: one, body, exportName: "choose" };
  return encodeModule({ imports: [], functions: [choose], memoryPages: 1 });
}

/** Bytes of the one section of hints, behind its name. */
function hintsOf(module: Uint8Array): number[] {
  const name = "metadata.code.branch_hint";
  const at = Buffer.from(module).indexOf(name);
  const size = module[at - 2]!;
  return [...module.subarray(at + name.length, at - 1 + size)];
}

describe("hints of branches", () => {
  it("change nothing of what code does", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    for (const branch of ["op", "rarely", "mostly"] as const) {
      const { exports } = instantiate(choose(branch), { memory });
      const f = exports["choose"] as (x: number) => number;
      expect([f(0), f(1)], branch).toEqual([5, 7]);
    }
  });

  it("are counted from where a function's locals are declared, behind code they were placed in", () => {
    // Locals take 3 bytes, `i32.const 5; local.set 1` 4, `local.get 0` 2.
    expect(hintsOf(choose("rarely"))).toEqual([1, 0, 1, 9, 1, 0]);
    expect(hintsOf(choose("mostly"))).toEqual([1, 0, 1, 9, 1, 1]);
  });

  it("are absent where no branch has one", () => {
    expect(hintsOf(choose("op"))).toEqual([0]);
  });

  it("go with the code that is taken back", () => {
    const code = new Code().i32(1);
    code.rarely(Op.if);
    const { length } = code;
    code.byte(VOID).i32(0).mostly(Op.brIf);
    code.truncate(length);
    expect(code.hints).toEqual([4]);
    code.truncate(0);
    expect(code.hints).toEqual([]);
  });
});
