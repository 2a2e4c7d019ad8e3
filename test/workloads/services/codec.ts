// The guest's codec on the bench: messages placed, encoded, decoded and read.
import { ARENA, REQUEST, alignUp, type PointerBytes } from "../../../kernel/abi.ts";
import { exactRegion } from "../../../kernel/layout.ts";
import { encode, messageOf, type Message } from "../../../workloads/messages.ts";
import { REQUEST_MESSAGE, objectLayout } from "../../../workloads/schema.ts";
import { Bench, type BenchOptions, type Place, type Returned } from "./bench.ts";

export const CODEC = ["marshal", "copy", "unmarshal", "utf8", "arena", "reader"];

/** Bytes around what a function may write, to show that it writes nothing else. */
const GUARD = new Uint8Array(64).fill(0xee);
const BUFFER_BYTES = 1 << 16;

export class Codec {
  readonly bench: Bench;
  readonly #arena: Place;
  readonly #space: Place;
  readonly #buffer: Place;
  readonly #object: Place;
  readonly #scratch: number;

  constructor(pointerBytes: PointerBytes, options: Partial<BenchOptions> = {}) {
    this.bench = new Bench({ pointerBytes, sources: CODEC, ...options });
    const { bench } = this;
    this.#arena = bench.reserve(ARENA.layout(pointerBytes).bytes);
    this.#object = bench.reserve(REQUEST.layout(pointerBytes).bytes);
    this.#space = bench.reserve(1 << 18, 4096);
    this.#buffer = bench.reserve(BUFFER_BYTES, 4096);
    this.#scratch = bench.end;
  }

  /** Encodes a message into a buffer of so many bytes (64 KiB if not said); undefined where it did not fit. */
  marshal(message: Message, capacity = BUFFER_BYTES): { bytes: Uint8Array | undefined; returned: Returned } {
    const { bench } = this;
    bench.end = this.#scratch;
    const root = bench.graph(message);
    const end = this.#buffer.base + BUFFER_BYTES;
    const first = end - capacity;
    bench.fill(first - GUARD.length, GUARD);
    const buffer = { ...this.#buffer, address: end };
    const returned = bench.call("marshal", buffer, first, root, bench.type(message.type.name.toLowerCase()));
    if (!same(bench.machine.readMemory(first - GUARD.length, GUARD.length), GUARD))
      throw new Error("written below the buffer");
    const at = Number(returned.a0);
    return { bytes: at === 0 ? undefined : bench.machine.readMemory(at, end - at), returned };
  }

  /**
   * Decodes a request, at a place where nothing lies behind it, into an arena of so many bytes. Gives the request
   * object's place, and how much of the arena is in use.
   */
  unmarshal(bytes: Uint8Array, capacity = this.#space.bytes): { object: Place; used: number; returned: Returned } {
    const { bench } = this;
    bench.end = this.#scratch;
    const placed = bench.put(bytes, 4096);
    const words = alignUp(bytes.length, 8);
    const wire = words < 4096 ? { ...placed, bytes: words } : exactRegion(placed.base, words);
    const A = ARENA.layout(bench.pointerBytes).at;
    bench.pointer(this.#arena.base + A.base, this.#space);
    bench.u64(this.#arena.base + A.capacity, capacity);
    bench.u64(this.#arena.base + A.used, 0);
    bench.fill(this.#space.base + capacity, GUARD);
    const returned = bench.call("unmarshal", wire, bytes.length, this.#object, bench.type("request"), this.#arena);
    const after = bench.machine.readMemory(this.#space.base + capacity, GUARD.length);
    if (!same(after, GUARD)) throw new Error("written beyond the arena");
    return { object: this.#object, used: Number(bench.read64(this.#arena.base + A.used)), returned };
  }

  /** The checksum of so much of the payload of a request object. */
  touch(object: Place, touchBytes: number, hash = 0n): Returned {
    const { bench } = this;
    const at = object.base + REQUEST.layout(bench.pointerBytes).at.payload;
    const bytes = objectLayout(REQUEST_MESSAGE.fields[2]!.of!, bench.pointerBytes).bytes;
    return bench.call("touch", bench.pointee(at, bytes), touchBytes, hash);
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.every((x, i) => x === b[i]);

export const requestOf = (payload: Message | undefined): Message => messageOf(REQUEST_MESSAGE, 3n, 300n, payload);
export const encodedRequest = (payload: Message | undefined): Uint8Array => encode(requestOf(payload));
