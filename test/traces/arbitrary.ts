// Arbitrary traces and span forests for property tests.
import fc from "fast-check";
import type { Call, Operation, Service, Trace } from "../../traces/trace.ts";
import type { Span } from "./jaeger-file.ts";

const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .map((text) => text.replace(/[\p{C}\p{Z}]/gu, "?"));
const count = fc.maxSafeNat();

/** Any valid trace in normal form. */
export const arbTrace: fc.Arbitrary<Trace> = fc
  .record({
    services: fc.uniqueArray(fc.record<Service>({ name, kind: fc.constantFrom("observed", "inferred") }), {
      minLength: 1,
      maxLength: 5,
      selector: (service) => service.name,
    }),
    names: fc.uniqueArray(name, { minLength: 1, maxLength: 8 }),
  })
  .chain(({ services, names }) => {
    const operations: Operation[] = names.map((name, i) => ({ service: i % services.length, name }));
    const call = (levels: number): fc.Arbitrary<Call> =>
      fc
        .record(
          {
            operation: fc.nat(operations.length - 1),
            applicationNs: count,
            hopNs: count,
            spans: fc.nat(100),
            requestBytes: count,
            replyBytes: count,
            groups: levels === 0 ? fc.constant([]) : fc.array(group(levels - 1), { maxLength: 3 }),
          },
          { requiredKeys: ["operation", "applicationNs", "hopNs", "spans", "groups"] },
        )
        .map((members) => ({ ...members, service: operations[members.operation]!.service }));
    const group = (levels: number): fc.Arbitrary<Call[]> => fc.array(call(levels), { minLength: 1, maxLength: 2 });
    return fc.record<Trace>({
      schema: fc.constant("meshsim.trace/1"),
      name: fc.string().map((text) => text.replace(/[\p{C}\p{Z}]/gu, "?")),
      services: fc.constant(services),
      operations: fc.constant(operations),
      requests: fc.array(call(3), { minLength: 1, maxLength: 3 }),
    });
  });

/** Any spans of one trace: trees, orphans, cycles, self parents, children outside their parents, any kind of span. */
export const arbSpans: fc.Arbitrary<Span[]> = fc
  .array(
    fc.record({
      parent: fc.option(fc.nat(20), { nil: undefined }),
      service: fc.constantFrom("s", "t", "u"),
      name: fc.constantFrom("work", "redis_get", "find"),
      start: fc.nat(200),
      length: fc.nat(100),
      kind: fc.constantFrom(undefined, "server", "client", "internal", "producer", "consumer"),
      follows: fc.boolean(),
    }),
    { minLength: 1, maxLength: 15 },
  )
  .map((rows) =>
    rows.map(({ parent, service, name, start, length, kind, follows }, i) => ({
      id: `s${i}`,
      ...(parent === undefined ? {} : { parent: `s${parent}` }),
      ...(kind === undefined ? {} : { kind }),
      ...{ service, name, start, end: start + length, follows: follows && i % 4 === 0 },
    })),
  );
