// How much memory a thread between processes needs for the largest message that it can meet.
import { alignUp } from "../kernel/abi.ts";
import { decodedBytes, ENVELOPE_BYTES, type Payload } from "./messages.ts";
import type { ServiceWork, Work } from "./schedule.ts";

/** Sizes of a thread's buffers and of its stack. */
export interface ThreadMemory {
  readonly sendBytes: number;
  readonly receiveBytes: number;
  readonly arenaBytes: number;
  readonly stackBytes: number;
}

const PAGE_BYTES = 4096;
const CACHE_LINE_BYTES = 64;

/** The largest message of a work as encoded and as decoded, over all services. */
export function threadMemory(work: Work, stackBytes: number): ThreadMemory {
  let encoded = 0;
  let decoded = 0;
  for (const payload of payloads(work.services)) {
    encoded = Math.max(encoded, payload.encodedBytes);
    decoded = Math.max(decoded, decodedBytes(payload, 8));
  }
  const message = alignUp(encoded + ENVELOPE_BYTES, CACHE_LINE_BYTES);
  return {
    sendBytes: message,
    receiveBytes: 2 * message, // the request being served, above it one reply
    arenaBytes: alignUp(2 * decoded, CACHE_LINE_BYTES),
    stackBytes: alignUp(stackBytes, PAGE_BYTES),
  };
}

function* payloads(services: readonly ServiceWork[]): Generator<Payload> {
  for (const service of services) {
    for (const plan of service.plans) {
      yield plan.reply;
      for (const call of plan.calls) yield call.request;
    }
  }
}
