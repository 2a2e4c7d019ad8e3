// Reads JSON with comments, keeping the line and column of every key and value, so that a complaint can point at it.

export interface JsonPlace {
  readonly line: number;
  readonly column: number;
}

export type JsonNode =
  | { readonly kind: "object"; readonly at: JsonPlace; readonly members: readonly JsonMember[] }
  | { readonly kind: "array"; readonly at: JsonPlace }
  | { readonly kind: "scalar"; readonly at: JsonPlace; readonly value: string | number | boolean | null };

export interface JsonMember {
  readonly key: string;
  readonly at: JsonPlace;
  readonly value: JsonNode;
}

/** The text is not JSON. */
export class JsonError extends Error {
  readonly at: JsonPlace;
  constructor(message: string, at: JsonPlace) {
    super(message);
    this.at = at;
  }
}

const SCALAR = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y;
const STRING = /"(?:[^"\\\n]|\\.)*"/y;
const SPACE = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
/** A configuration is two levels deep; this only keeps hostile input from exhausting the stack. */
const DEEPEST = 64;

/** Parses a whole text; throws JsonError. */
export function parseJson(text: string): JsonNode {
  const reader = new Reader(text);
  const node = reader.value(0);
  reader.end();
  return node;
}

class Reader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JsonNode {
    if (depth > DEEPEST) throw this.#error(`nested deeper than ${DEEPEST} levels`);
    this.#match(SPACE);
    const at = this.#place();
    if (this.#eat("{")) return this.#object(at, depth);
    if (this.#eat("[")) return this.#array(at, depth);
    const text = this.#match(STRING) ?? this.#match(SCALAR);
    if (text === undefined) throw this.#error(`expected a value, found ${this.#found()}`);
    return { kind: "scalar", at, value: this.#decode(text, at) as string | number | boolean | null };
  }

  end(): void {
    this.#match(SPACE);
    if (this.#position < this.#text.length) throw this.#error(`expected the end of the file, found ${this.#found()}`);
  }

  #object(at: JsonPlace, depth: number): JsonNode {
    const members: JsonMember[] = [];
    while (!this.#closes("}")) {
      const keyAt = this.#place();
      const text = this.#match(STRING);
      if (text === undefined) throw this.#error(`expected a key in double quotes or '}', found ${this.#found()}`);
      const key = this.#decode(text, keyAt) as string;
      if (members.some((m) => m.key === key)) throw new JsonError(`key "${key}" stands here twice`, keyAt);
      this.#match(SPACE);
      if (!this.#eat(":")) throw this.#error(`expected ':' after the key, found ${this.#found()}`);
      members.push({ key, at: keyAt, value: this.value(depth + 1) });
      this.#separator("}");
    }
    return { kind: "object", at, members };
  }

  #array(at: JsonPlace, depth: number): JsonNode {
    while (!this.#closes("]")) {
      this.value(depth + 1);
      this.#separator("]");
    }
    return { kind: "array", at };
  }

  #closes(bracket: string): boolean {
    this.#match(SPACE);
    return this.#eat(bracket);
  }

  /** After a member: a comma, or the closing bracket, which stays. */
  #separator(bracket: string): void {
    this.#match(SPACE);
    if (!this.#eat(",") && this.#text[this.#position] !== bracket) {
      throw this.#error(`expected ',' or '${bracket}', found ${this.#found()}`);
    }
  }

  #eat(character: string): boolean {
    if (this.#text[this.#position] !== character) return false;
    this.#position += 1;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#position += found.length;
    return found;
  }

  #decode(text: string, at: JsonPlace): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw new JsonError(`${text} is not valid JSON`, at);
    }
  }

  #found(): string {
    const rest = this.#text.slice(this.#position, this.#position + 20).split(/\s/)[0]!;
    return rest === "" ? "the end of the file" : `'${rest}'`;
  }

  #error(message: string): JsonError {
    return new JsonError(message, this.#place());
  }

  #place(): JsonPlace {
    const before = this.#text.slice(0, this.#position);
    return { line: before.split("\n").length, column: before.length - before.lastIndexOf("\n") };
  }
}
