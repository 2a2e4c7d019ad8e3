// A machine without a last-level cache behind its L2: the values that then are without effect.

export const noLlc = {
  present: false,
  sizeBytes: 32768,
  lineBytes: 64,
  ways: 8,
  replacement: "lru",
  hitCycles: 3,
  mshrs: 1,
  mshrTargets: 0,
  prefetch: "none",
  prefetchLines: 1,
} as const;
