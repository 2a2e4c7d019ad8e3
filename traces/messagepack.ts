// Surveys MessagePack bytes before they are decoded, because the decoder makes an array as long as a header claims.
import { InputError } from "./diagnostic.ts";

/**
 * Checks that `bytes` are exactly one MessagePack value, nested at most `maxDepth` deep, with every array, map and
 * string inside the bytes there are. A header of five bytes may claim four thousand million items, and
 * `@msgpack/msgpack` would set them aside before it reads the first. (Format: msgpack/msgpack spec.md.)
 */
export function surveyMessagePack(bytes: Uint8Array, maxDepth: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** Values still to come, per open array or map. */
  const open = [1];
  let at = 0;
  while (open.length > 0) {
    if (open.at(-1) === 0) {
      open.pop();
      continue;
    }
    open[open.length - 1]! -= 1;
    const start = at;
    if (start >= bytes.length) throw new InputError("the MessagePack document is not complete", undefined, CUT_SHORT);
    const { headBytes, bodyBytes, items } = measure(view, start);
    at = start + headBytes + bodyBytes;
    if (at > bytes.length || items > bytes.length - at) {
      throw new InputError(
        `the MessagePack value at byte ${start} goes beyond the end of the file`,
        undefined,
        CUT_SHORT,
      );
    }
    if (items === 0) continue;
    if (open.length > maxDepth)
      throw new InputError(`the MessagePack value at byte ${start} is nested too deep for a trace`);
    open.push(items);
  }
  if (at < bytes.length) throw new InputError(`the MessagePack document ends at byte ${at}, but the file goes on`);
}

const CUT_SHORT = "the file is cut short; was it written or downloaded completely?";

interface Measure {
  /** The type byte and what of the length or the number follows it. */
  readonly headBytes: number;
  readonly bodyBytes: number;
  /** Values inside: a map has two for each of its members. */
  readonly items: number;
}

function measure(view: DataView, at: number): Measure {
  const type = view.getUint8(at);
  if (type < 0x80 || type >= 0xe0) return fixed(0); // fixint
  if (type < 0x90) return { headBytes: 1, bodyBytes: 0, items: 2 * (type & 0x0f) };
  if (type < 0xa0) return { headBytes: 1, bodyBytes: 0, items: type & 0x0f };
  if (type < 0xc0) return fixed(type & 0x1f); // fixstr
  if (type === 0xc0 || type === 0xc2 || type === 0xc3) return fixed(0); // nil, false, true
  if (type >= 0xc4 && type <= 0xc6) return body(view, at, 1 << (type - 0xc4), 0); // bin
  if (type >= 0xc7 && type <= 0xc9) return body(view, at, 1 << (type - 0xc7), 1); // ext: length, then a type byte
  if (type === 0xca || type === 0xcb) return fixed(type === 0xca ? 4 : 8); // float
  if (type >= 0xcc && type <= 0xcf) return fixed(1 << (type - 0xcc)); // uint
  if (type >= 0xd0 && type <= 0xd3) return fixed(1 << (type - 0xd0)); // int
  if (type >= 0xd4 && type <= 0xd8) return fixed(1 + (1 << (type - 0xd4))); // fixext
  if (type >= 0xd9 && type <= 0xdb) return body(view, at, 1 << (type - 0xd9), 0); // str
  if (type >= 0xdc && type <= 0xdf) {
    const lengthBytes = (type & 1) === 0 ? 2 : 4;
    const { bodyBytes: length } = body(view, at, lengthBytes, 0);
    return { headBytes: 1 + lengthBytes, bodyBytes: 0, items: type >= 0xde ? 2 * length : length };
  }
  throw new InputError(`byte ${at} begins no MessagePack value`);
}

function fixed(bodyBytes: number): Measure {
  return { headBytes: 1, bodyBytes, items: 0 };
}

function body(view: DataView, at: number, lengthBytes: number, extra: number): Measure {
  if (at + lengthBytes >= view.byteLength) {
    throw new InputError(`the MessagePack value at byte ${at} goes beyond the end of the file`, undefined, CUT_SHORT);
  }
  const length =
    lengthBytes === 1 ? view.getUint8(at + 1) : lengthBytes === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1);
  return { headBytes: 1 + lengthBytes, bodyBytes: length + extra, items: 0 };
}
