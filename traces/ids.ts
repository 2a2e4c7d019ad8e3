// Trace and span ids: one form for comparing them, since exporters differ in case, padding and width.

/** Lower case without leading zeros for a hexadecimal id; any other text stays as it is. Empty means "none". */
export function canonicalId(id: string): string {
  if (/^[1-9a-f][0-9a-f]*$/.test(id)) return id; // nearly all are canonical already
  if (!/^[0-9a-f]+$/i.test(id)) return id;
  return id.replace(/^0+/, "").toLowerCase();
}

/** The low 64 bits of a hexadecimal id, canonical. Some tracers cut 128-bit trace ids to these (jaegertracing/jaeger#3084). */
export function low64(id: string): string {
  const canonical = canonicalId(id);
  return isWide(canonical) ? canonicalId(canonical.slice(-16)) : canonical;
}

/** True for a canonical hexadecimal id wider than 64 bits. */
export function isWide(canonical: string): boolean {
  return canonical.length > 16 && /^[0-9a-f]+$/.test(canonical);
}

/** True where both ids may mean one trace: equal, or one of them the low half of the other. */
export function sameTrace(a: string, b: string): boolean {
  if (a === b) return true;
  const [x, y] = [canonicalId(a), canonicalId(b)];
  return x === y || (isWide(x) !== isWide(y) && low64(x) === low64(y));
}
