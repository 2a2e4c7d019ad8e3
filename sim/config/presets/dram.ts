// The DRAM of the presets of 2026: one channel of DDR3-2000, as FireSim's FASED models it by default, or of DDR4.
//
// FASED: firesim/firesim be558e3f, sim/midas/.../models/dram/DramCommon.scala, "sg093, x8, 2048Mb density (1GHz clock)".

export const ddr3v1 = {
  banks: 8, // DramCommon.scala: "8 // DDR3 Mandated"
  rowBytes: 8192, // its pageSize: 2^10 columns of a x8 part (DDR3, JESD79-3), 8 parts to 64 bits
  casNs: 14, // tCAS 14 at 1 GHz
  rcdNs: 14, // tRCD 14
  rpNs: 14, // tRP 14
  bandwidthMBps: 16000, // tCCD 4 at 1 GHz: 64 bytes in 4 ns
  // A round trip of 50 ns from the L2 (rocket-chip-inclusive-cache 85420cf2, Configs.scala: "50ns @ 800MHz", 40 cycles), less
  // a read of a closed row as above: 14 + 14 + 4.
  controllerNs: 18,
};

/** DDR4 of JESD79-4: 16 banks, rows of 2^10 columns of x8 parts, 64 bits wide, 64 bytes in 8 beats; speed bins 2400 CL17 and 3200 CL22. */
export const ddr4x2400v1 = {
  banks: 16,
  rowBytes: 8192,
  casNs: 14, // 17 at 1200 MHz: 14.2
  rcdNs: 14,
  rpNs: 14,
  bandwidthMBps: 19200,
  controllerNs: 18, // assumed: as ddr3v1
};

export const ddr4x3200v1 = {
  banks: 16,
  rowBytes: 8192,
  casNs: 14, // 22 at 1600 MHz: 13.75
  rcdNs: 14,
  rpNs: 14,
  bandwidthMBps: 25600,
  // derived: 81 ns in all (server.ts, graviton2), less 76 cycles of caches at 2.5 GHz and a read of a closed row: 14 + 14 + 2.5
  controllerNs: 20,
};
