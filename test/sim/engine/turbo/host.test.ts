// Making WebAssembly modules, one thread of the process at a time.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { instantiate, instantiateShared, makeModules } from "../../../../sim/engine/turbo/host.ts";

const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const NO_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6e, 1, 0, 0, 0);

const freshTurn = (): SharedArrayBuffer => new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);

describe("making modules", () => {
  afterEach(() => makeModules({ mostOptimisedBytes: Infinity, turn: freshTurn() }));

  it.each([EMPTY_MODULE.length - 1, EMPTY_MODULE.length])("works on both sides of the limit, of %i bytes", (bytes) => {
    makeModules({ mostOptimisedBytes: bytes, turn: freshTurn() });
    expect(instantiate(EMPTY_MODULE, {})).toBeInstanceOf(WebAssembly.Instance);
    expect(instantiateShared(EMPTY_MODULE, {})).toBeInstanceOf(WebAssembly.Instance);
  });

  it("leaves the turn to the next, also where V8 refuses a module", () => {
    const turn = freshTurn();
    makeModules({ mostOptimisedBytes: Infinity, turn });
    expect(() => instantiate(NO_MODULE, {})).toThrow(/magic/);
    expect(new Int32Array(turn)[0]).toBe(0);
    instantiate(EMPTY_MODULE, {});
    expect(new Int32Array(turn)[0]).toBe(0);
  });

  it("waits while another thread has the turn", async () => {
    const turn = freshTurn();
    const words = new Int32Array(turn);
    makeModules({ mostOptimisedBytes: Infinity, turn });
    const holder = new Worker(HOLDER, { eval: true, workerData: turn });
    await once(holder, "message");
    expect(words[0]).toBe(1);
    const asked = performance.now();
    instantiate(EMPTY_MODULE, {});
    expect(performance.now() - asked).toBeGreaterThan(HELD_MS / 2);
    await once(holder, "exit");
  });
});

const HELD_MS = 100;
/** Takes the turn, says so, and leaves it some time later. */
const HOLDER = `
  const { parentPort, workerData } = require("node:worker_threads");
  const words = new Int32Array(workerData);
  Atomics.store(words, 0, 1);
  parentPort.postMessage("taken");
  setTimeout(() => { Atomics.store(words, 0, 0); Atomics.notify(words, 0); }, ${HELD_MS});
`;
