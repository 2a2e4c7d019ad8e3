// Names the service behind a client span that has no recorded callee: a database, a cache, an uninstrumented service.
import type { CalleeHint } from "./span-table.ts";

/**
 * Words of operation names that tell of a store, and the store they tell of. The first row holds the words of
 * DeathStarBench's spans (`url_mongo_insert_client`, `..._redis_update_client`, `..._memcached_get_client`, older
 * versions `..._mmc_get_client`), whose traces carry neither span.kind nor db.* tags.
 */
const STORES: ReadonlyMap<string, string> = new Map([
  ...pairs("mongo mongodb", "mongo"),
  ...pairs("redis jedis lettuce", "redis"),
  ...pairs("memcached memcache mmc", "memcached"),
  ...pairs("mysql mariadb", "mysql"),
  ...pairs("postgres postgresql psql", "postgresql"),
  ...pairs("cassandra cql", "cassandra"),
  ...pairs("elasticsearch", "elasticsearch"),
  ...pairs("dynamodb", "dynamodb"),
  ...pairs("couchbase", "couchbase"),
  ...pairs("sqlserver mssql", "mssql"),
]);

function pairs(words: string, store: string): [string, string][] {
  return words.split(" ").map((word) => [word, store]);
}

/** The store that a word of an operation name tells of: `url_mongo_insert_client` and `MongoInsert` of mongo. */
export function storeIn(operation: string): string | undefined {
  // Names of thousands of characters are URLs or statements, whose words mean other things.
  if (operation.length > 200) return undefined;
  for (const word of operation.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/)) {
    const store = STORES.get(word.toLowerCase());
    if (store !== undefined) return store;
  }
  return undefined;
}

/**
 * The name of an inferred leaf: `peer.service` as given; a store as `<caller>/<store>`, since services rarely share a
 * store (each DeathStarBench service has its own); an address; at last the operation, also under the caller's name.
 */
export function leafOf(caller: string, operation: string, hint: CalleeHint | undefined): string {
  if (hint?.kind === "service") return hint.name;
  const store = hint?.kind === "store" ? hint.name : storeIn(operation);
  if (store !== undefined) return `${caller}/${store}`;
  if (hint?.kind === "host") return hint.name;
  return `${caller}/${operation}`;
}
