// Property tests draw the same cases in every run, so that a commit passes or fails for good; MESHSIM_SEED draws others.
import fc from "fast-check";

const DEFAULT_SEED = 20261121;

fc.configureGlobal({ seed: Number(process.env["MESHSIM_SEED"] ?? DEFAULT_SEED) });
