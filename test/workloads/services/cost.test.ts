// What the codec costs on a modelled core, against a rule of thumb for software codecs.
import { expect, test } from "vitest";
import { resolveMachine } from "../../../sim/config/machine.ts";
import { Core } from "../../../sim/timing/core.ts";
import type { Message } from "../../../workloads/messages.ts";
import { makePayload } from "../../../workloads/payloads.ts";
import { Random } from "../../../workloads/random.ts";
import { Codec, encodedRequest, requestOf } from "./codec.ts";

const machine = resolveMachine({ preset: "cva6@1" });
if (machine.kind !== "machine") throw new Error("no such preset");
const { config } = machine;

const countMessages = (m: Message): number =>
  m.values
    .flat()
    .reduce<number>((n, v) => n + (v !== undefined && typeof v === "object" && "type" in v ? countMessages(v) : 0), 1);

test.each([100, 1500, 20_000])(
  "with %i bytes, the codec takes 1 to 4 cycles a byte and 200 to 500 a message each way, nested messages counted",
  (bytes) => {
    let core: Core | undefined;
    const codec = new Codec(8, {
      timing: (image) => (core = new Core(config, { categories: image.categories.length })),
    });
    const request = requestOf(makePayload(Random.at(1, bytes), bytes));
    const messages = countMessages(request);
    const size = encodedRequest(request.values[2] as Message).length;
    const cycles = (run: () => void): number => {
      run(); // warms caches and predictors
      const before = core!.now;
      run();
      return core!.now - before;
    };
    const wire = encodedRequest(request.values[2] as Message);
    const costs = [cycles(() => void codec.marshal(request)), cycles(() => void codec.unmarshal(wire))];
    for (const cost of costs) {
      expect(cost).toBeGreaterThan(size + 200 * messages);
      expect(cost).toBeLessThan(4 * size + 500 * messages);
    }
  },
);
