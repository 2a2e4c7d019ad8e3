// Seeded payloads, drawn as the load generator of DeathStarBench composes posts (socialNetwork/wrk2/scripts, compose-post.lua): 256
// characters, then 1 to 6 mentions, 1 to 6 URLs of 64 characters, 1 to 5 media, among 962 users.
import { delimitedBytes, lengthBytes, messageOf, stringBytes, type Message, type Payload } from "./messages.ts";
import type { Random } from "./random.ts";
import { MEDIA, PAYLOAD, POST, URL, USER } from "./schema.ts";

const TEXT_CHARACTERS = 256;
const URL_CHARACTERS = 64;
const USERS = 962;
/** Post, repost, reply, direct message (social_network.thrift: PostType). */
const POST_TYPES = 4;
const POST_IDS_BITS = 63;
const TIMESTAMP = 1_695_947_455_229n;

/** A payload that encodes to `wireBytes` bytes, give or take three: as many posts as fit, the last one cut to size. */
export function makePayload(random: Random, wireBytes: number): Payload {
  const id = wireBytes < 2 ? 0n : wireBytes < 32 ? 1n : random.bits(POST_IDS_BITS);
  const timestamp = wireBytes < 32 ? 0n : TIMESTAMP;
  const posts: Message[] = [];
  let room = wireBytes - messageOf(PAYLOAD, id, timestamp, EMPTY, []).encodedBytes;
  for (;;) {
    const post = makePost(random, room);
    if (post === undefined) break;
    posts.push(post);
    room -= delimitedBytes(post.encodedBytes);
  }
  return messageOf(PAYLOAD, id, timestamp, text(random, stringRoom(room)), posts);
}

const EMPTY = new Uint8Array(0);

/** The longest string whose field fits into `room` bytes. */
function stringRoom(room: number): number {
  return Math.max(0, room - 1 - lengthBytes(Math.max(0, room - 2)));
}

/** A post whose field in a payload takes at most `room` bytes; undefined where none fits. */
function makePost(random: Random, room: number): Message | undefined {
  const list = (most: number, make: () => Message): Message[] => Array.from({ length: random.between(1, most) }, make);
  const mentions = list(6, () => makeUser(random));
  const urls = list(6, () => messageOf(URL, url(random, 10), url(random, URL_CHARACTERS)));
  const media = list(5, () => messageOf(MEDIA, random.bits(59), PNG));
  const creator = makeUser(random);
  const id = random.bits(POST_IDS_BITS);
  const type = BigInt(random.below(POST_TYPES));
  const post = (body: Uint8Array): Message =>
    messageOf(POST, id, creator, body, mentions, media, urls, TIMESTAMP, type);
  let besidesText = post(EMPTY).encodedBytes;
  const bytes = (characters: number): number => delimitedBytes(besidesText + stringBytes(characters));
  // Too large: the last of the lists first, then the text.
  while (bytes(TEXT_CHARACTERS) > room) {
    const removed = longest(urls, mentions, media).pop();
    if (removed === undefined) break;
    besidesText -= delimitedBytes(removed.encodedBytes);
  }
  const characters = TEXT_CHARACTERS - Math.max(0, bytes(TEXT_CHARACTERS) - room);
  return characters < 1 || bytes(characters) > room ? undefined : post(text(random, characters));
}

/** The longest of some lists, the first of those that are as long. */
const longest = (...lists: readonly Message[][]): Message[] => lists.reduce((a, b) => (b.length > a.length ? b : a));

function makeUser(random: Random): Message {
  const index = random.below(USERS);
  return messageOf(USER, BigInt(index), ascii(`username_${index}`));
}

function url(random: Random, characters: number): Uint8Array {
  const bytes = take(HTTP.length + characters);
  bytes.set(HTTP);
  fill(bytes, HTTP.length, random);
  return bytes;
}

/** Random letters. */
function text(random: Random, length: number): Uint8Array {
  const bytes = take(length);
  fill(bytes, 0, random);
  return bytes;
}

/** Fills bytes from `start` on with random letters, six from each draw. */
function fill(bytes: Uint8Array, start: number, random: Random): void {
  for (let at = start; at < bytes.length;) {
    let draw = random.u32();
    for (let i = 0; i < 6 && at < bytes.length; i += 1, draw >>>= 5) bytes[at++] = CHARACTERS[draw & 31]!;
  }
}

function ascii(s: string): Uint8Array {
  const bytes = take(s.length);
  for (let i = 0; i < s.length; i += 1) bytes[i] = s.charCodeAt(i);
  return bytes;
}

const CHUNK_BYTES = 1 << 16;
let chunk = new Uint8Array(0);

/** Bytes for a string, out of a larger buffer: one buffer for each of many short strings would be slow to make. */
function take(bytes: number): Uint8Array {
  if (bytes > chunk.length) chunk = new Uint8Array(Math.max(bytes, CHUNK_BYTES));
  const taken = chunk.subarray(0, bytes);
  chunk = chunk.subarray(bytes);
  return taken;
}

const PNG = ascii("png");
const HTTP = ascii("http://");
const CHARACTERS = ascii("abcdefghijklmnopqrstuvwxyzEATION");
