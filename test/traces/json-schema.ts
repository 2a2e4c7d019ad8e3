// Judges a document by a JSON Schema: the keywords that trace.schema.json uses, and an error for any other.

type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS = new Set(["$schema", "$id", "$defs", "title", "description"]);

/** True where `value` is valid under `schema`, a part of `root`. */
export function isValid(value: unknown, schema: Schema, root: Schema = schema): boolean {
  return Object.entries(schema).every(
    ([keyword, rule]) => ANNOTATIONS.has(keyword) || holds(keyword, rule, value, schema, root),
  );
}

function holds(keyword: string, rule: unknown, value: unknown, schema: Schema, root: Schema): boolean {
  const object = typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : undefined;
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, Schema>>;
  switch (keyword) {
    case "$ref":
      return isValid(
        value,
        (root["$defs"] as Record<string, Schema>)[(rule as string).slice("#/$defs/".length)]!,
        root,
      );
    case "type":
      return isOfType(value, rule as string);
    case "const":
      return value === rule;
    case "enum":
      return (rule as unknown[]).includes(value);
    case "minimum":
      return typeof value !== "number" || value >= (rule as number);
    case "maximum":
      return typeof value !== "number" || value <= (rule as number);
    case "minLength":
      return typeof value !== "string" || [...value].length >= (rule as number);
    case "minItems":
      return !Array.isArray(value) || value.length >= (rule as number);
    case "items":
      return !Array.isArray(value) || value.every((item) => isValid(item, rule as Schema, root));
    case "required":
      return object === undefined || (rule as string[]).every((name) => Object.hasOwn(object, name));
    case "additionalProperties":
      return (
        rule !== false || object === undefined || Object.keys(object).every((name) => Object.hasOwn(properties, name))
      );
    case "properties":
      return (
        object === undefined ||
        Object.entries(properties).every(([n, s]) => !Object.hasOwn(object, n) || isValid(object[n], s, root))
      );
    default:
      throw new Error(`the schema uses ${keyword}, which this judge does not know`);
  }
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}
