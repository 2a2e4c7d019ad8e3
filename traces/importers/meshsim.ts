// The importers of meshsim's own trace format, JSON and MessagePack; what they accept is what trace.schema.json says, and indices that fit.
import { decode } from "@msgpack/msgpack";
import { InputError, quote } from "../diagnostic.ts";
import { JsonTraceReader } from "../json-trace.ts";
import { surveyMessagePack } from "../messagepack.ts";
import { unpackTrace } from "../packed-trace.ts";
import type { Importer, Input } from "./index.ts";
import type { Outline } from "./outline.ts";

/** Document, `calls`, a column of it. */
const PACKED_DEPTH = 3;

/** meshsim's own format as JSON. */
export const meshsimJson: Importer = {
  name: "meshsim-json",
  title: "meshsim trace (JSON)",
  recognise: ({ has, complete }: Outline): boolean =>
    has("schema") || (has("services") && has("requests")) || (complete && has("requests")),
  import: (input: Input) => ({ kind: "trace", trace: new JsonTraceReader(input).document() }),
};

/** meshsim's own format as MessagePack. */
export const meshsimMessagePack: Importer = {
  name: "meshsim-messagepack",
  title: "meshsim trace (MessagePack)",
  recognise: ({ encoding }: Outline): boolean => encoding === "messagepack",
  import: ({ source, complaints, log }: Input) => {
    surveyMessagePack(source.bytes, PACKED_DEPTH);
    return { kind: "trace", trace: unpackTrace(decoded(source.bytes), complaints, log) };
  },
};

/** The survey leaves few reasons to fail, such as keys that are no strings; the decoder words them. */
function decoded(bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`not a meshsim trace in MessagePack: ${quote(reason)}`);
  }
}
