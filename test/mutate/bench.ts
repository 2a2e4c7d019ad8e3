// The bench on which bugs are planted: a copy of HEAD, and a warm vitest in it that is killed when it takes too long.
import { execFileSync, fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutation } from "./mutation.ts";
import type { Outcome, Request } from "./warm.ts";

export const ROOT = resolve(fileURLToPath(import.meta.url), "../../..");

/** A file that has not yet been timed may take so long; one that has, so many times its own time and some more. */
const UNKNOWN_LIMIT_MS = 300_000;
const LIMIT_FACTOR = 8;
const LIMIT_MORE_MS = 40_000;

export const git = (...args: string[]): string =>
  execFileSync("git", ["-C", ROOT, ...args], { encoding: "utf8" }).trim();

/** How often the text that a mutation changes stands in a source; it applies where that is once. */
export function places(mutation: Mutation, folder = ROOT): number {
  return readFileSync(join(folder, mutation.file), "utf8").split(mutation.find).length - 1;
}

/** Test files and folders, folders replaced by the files in them. */
export function testFiles(tests: readonly string[]): string[] {
  const files = (path: string): string[] =>
    statSync(join(ROOT, path)).isFile()
      ? [path]
      : readdirSync(join(ROOT, path))
          .sort()
          .map((name) => `${path}/${name}`)
          .flatMap((p) => (p.endsWith(".test.ts") || statSync(join(ROOT, p)).isDirectory() ? files(p) : []));
  return [...new Set(tests.flatMap(files))];
}

export class Bench {
  /** Time of each test file without a bug. */
  readonly milliseconds = new Map<string, number>();
  readonly #folder = mkdtempSync(join(tmpdir(), "meshsim-mutate-"));
  #child: ChildProcess | undefined;
  #changed: string[] = [];

  constructor() {
    const archive = execFileSync("git", ["-C", ROOT, "archive", "HEAD"], { maxBuffer: 2 ** 30 });
    execFileSync("tar", ["-x", "-C", this.#folder], { input: archive });
    symlinkSync(join(ROOT, "node_modules"), join(this.#folder, "node_modules"));
  }

  places(mutation: Mutation): number {
    return places(mutation, this.#folder);
  }

  /** Runs a test file, up to its first failure. */
  async run(file: string, titles?: string): Promise<Outcome> {
    const known = this.milliseconds.get(file);
    const limit = known === undefined ? UNKNOWN_LIMIT_MS : LIMIT_FACTOR * known + LIMIT_MORE_MS;
    const child = (this.#child ??= this.#start());
    const request: Request = { file, titles, changed: this.#changed };
    this.#changed = [];
    const outcome = await new Promise<Outcome | undefined>((done) => {
      const timer = setTimeout(() => done(undefined), limit);
      child.once("message", (answer: Outcome) => {
        clearTimeout(timer);
        done(answer);
      });
      child.once("exit", () => {
        clearTimeout(timer);
        done({ result: "broken", by: "the test process dies" });
      });
      child.send(request);
    });
    child.removeAllListeners();
    if (outcome === undefined || child.exitCode !== null) this.#kill();
    return outcome ?? { result: "failed", by: "(a test never ends)" };
  }

  /** Does something with a bug planted. */
  async with<T>(mutation: Mutation, action: () => Promise<T>): Promise<T> {
    const path = join(this.#folder, mutation.file);
    const source = readFileSync(path, "utf8");
    try {
      this.#write(
        mutation.file,
        source.replace(mutation.find, () => mutation.replace),
      );
      return await action();
    } finally {
      this.#write(mutation.file, source);
    }
  }

  close(): void {
    this.#kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(file: string, source: string): void {
    writeFileSync(join(this.#folder, file), source);
    this.#changed.push(file);
  }

  #start(): ChildProcess {
    const shared = process.env["MESHSIM_SHARED"] ?? resolve(ROOT, "../shared");
    return fork(join(ROOT, "test/mutate/warm.ts"), {
      cwd: this.#folder,
      detached: true,
      execArgv: ["--import", join(ROOT, "test/typescript.js")],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { ...process.env, MESHSIM_SHARED: shared },
    });
  }

  /** Ends the child and the workers that it started: a worker in an endless loop hears nothing else. */
  #kill(): void {
    if (this.#child?.pid !== undefined && this.#child.exitCode === null) process.kill(-this.#child.pid, "SIGKILL");
    this.#child = undefined;
  }
}
