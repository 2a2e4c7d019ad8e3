// Seeded payloads, drawn as the load generator of DeathStarBench composes posts (socialNetwork/wrk2/scripts, compose-post.lua): 256
// characters, then 1 to 6 mentions, 1 to 6 URLs of 64 characters, 1 to 5 media, among 962 users.
import { encodedBytes, fieldBytes, lengthBytes, messageOf, type Message, type Payload } from "./messages.ts";
import type { Random } from "./random.ts";
import { MEDIA, PAYLOAD, POST, URL, USER } from "./schema.ts";

const TEXT_CHARACTERS = 256;
const URL_CHARACTERS = 64;
const USERS = 962;
/** Post, repost, reply, direct message (social_network.thrift: PostType). */
const POST_TYPES = 4;
const POST_IDS_BITS = 63;
const TIMESTAMP = 1_695_947_455_229n;

interface PostParts {
  text: number;
  readonly mentions: Message[];
  readonly urls: Message[];
  readonly media: Message[];
}

/** A payload that encodes to `wireBytes` bytes, give or take three: as many posts as fit, the last one cut to size. */
export function makePayload(random: Random, wireBytes: number): Payload {
  const id = wireBytes < 2 ? 0n : wireBytes < 32 ? 1n : random.bits(POST_IDS_BITS);
  const timestamp = wireBytes < 32 ? 0n : TIMESTAMP;
  const posts: Message[] = [];
  let room = wireBytes - encodedBytes(messageOf(PAYLOAD, id, timestamp, EMPTY, []));
  for (;;) {
    const post = makePost(random, room);
    if (post === undefined) break;
    posts.push(post);
    room -= fieldBytes(PAYLOAD.fields[3]!, [post]);
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
  const parts: PostParts = {
    text: TEXT_CHARACTERS,
    mentions: list(6, () => makeUser(random)),
    urls: list(6, () => messageOf(URL, url(random, 10), url(random, URL_CHARACTERS))),
    media: list(5, () => messageOf(MEDIA, random.bits(59), PNG)),
  };
  const creator = makeUser(random);
  const id = random.bits(POST_IDS_BITS);
  const type = BigInt(random.below(POST_TYPES));
  const post = (body: Uint8Array): Message =>
    messageOf(POST, id, creator, body, parts.mentions, parts.media, parts.urls, TIMESTAMP, type);
  const bytes = (): number => fieldBytes(PAYLOAD.fields[3]!, [post(new Uint8Array(parts.text))]);
  // Too large: the last of the lists first, then the text.
  while (bytes() > room) {
    const longest = [parts.urls, parts.mentions, parts.media].reduce((a, b) => (b.length > a.length ? b : a));
    if (longest.pop() === undefined) break;
  }
  parts.text -= Math.max(0, bytes() - room);
  return parts.text < 1 || bytes() > room ? undefined : post(text(random, parts.text));
}

function makeUser(random: Random): Message {
  const index = random.below(USERS);
  return messageOf(USER, BigInt(index), ascii(`username_${index}`));
}

const url = (random: Random, characters: number): Uint8Array => {
  const bytes = new Uint8Array(7 + characters);
  bytes.set(HTTP);
  bytes.set(text(random, characters), 7);
  return bytes;
};

function ascii(s: string): Uint8Array {
  const bytes = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i += 1) bytes[i] = s.charCodeAt(i);
  return bytes;
}

const PNG = ascii("png");
const HTTP = ascii("http://");
const CHARACTERS = ascii("abcdefghijklmnopqrstuvwxyzEATION");

/** Random letters, six from each draw. */
function text(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    let draw = random.u32();
    for (let i = 0; i < 6 && at < length; i += 1, draw >>>= 5) bytes[at++] = CHARACTERS[draw & 31]!;
  }
  return bytes;
}
