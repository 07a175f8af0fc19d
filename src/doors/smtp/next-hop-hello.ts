/**
 * The first words to the next hop: greeting, EHLO (LHLO to LMTP, RFC 2033 §4.1; HELO where EHLO is not known), STARTTLS (RFC 3207) and whose
 * connection it is (XCLIENT, XFORWARD). It ends with a channel that is ready for MAIL, with what the next hop refused, or with NextHopLost.
 */
import { isIP } from "node:net";
import { limits } from "../../base/limits.ts";
import type { NextHop as NextHopPlace } from "../../config/values.ts";
import { type Features, featuresOf, noFeatures } from "./capabilities.ts";
import { type NextHopChannel, NextHopLost, openChannel } from "./next-hop-channel.ts";
import { type Forwarded, forwardCommands } from "./origin.ts";
import { isPositive, type Reply } from "./reply.ts";

export type HelloOptions = {
  readonly place: NextHopPlace;
  readonly hostname: string;
  readonly tls: "opportunistic" | "verify" | "off";
  readonly forward: "auto" | "xclient" | "xforward" | "off";
};

export type Greeted = {
  readonly channel: NextHopChannel;
  /** As offered to us, and as offered to the client that we spoke for. */
  readonly own: Features;
  readonly features: Features;
  /** Whether XFORWARD must tell of the client before each message. */
  readonly forwards: "xclient" | "xforward" | "off";
};

/** The next hop, told of the client, will not have it. */
export class ClientRefused extends Error {
  override name = "ClientRefused";
  readonly reply: Reply;
  constructor(reply: Reply) {
    super(`the next hop refuses the client: ${reply.code} ${reply.lines.join(" ")}`);
    this.reply = reply;
  }
}

/** `told` null: nobody is spoken for, as where the next hop is only asked what it offers. */
export async function greet(options: HelloOptions, told: Forwarded | null, signal: AbortSignal | null): Promise<Greeted> {
  try {
    return await greetOnce(options, told, signal);
  } catch (error) {
    // RFC 7435 §3: opportunistic; a handshake that fails is no reason to keep mail, as no handshake would not be.
    if (options.tls !== "opportunistic" || !(error instanceof HandshakeFailed)) throw error;
    return greetOnce({ ...options, tls: "off" }, told, signal);
  }
}

class HandshakeFailed extends NextHopLost {
  override name = "HandshakeFailed";
}

async function greetOnce(options: HelloOptions, told: Forwarded | null, signal: AbortSignal | null): Promise<Greeted> {
  if (signal?.aborted) throw new NextHopLost("the client is gone");
  const channel = await openChannel(options.place.endpoint);
  const giveUp = (): void => channel.destroy();
  signal?.addEventListener("abort", giveUp);
  try {
    if (signal?.aborted) throw new NextHopLost("the client is gone");
    expected(await channel.reply(limits.nextHopGreetingMs), 220, "greeting");
    const plain = await hello(channel, options, null);
    const own = await secured(channel, plain, options);
    if (told === null) return { channel, own, features: own, forwards: "off" };
    const forwards = chosen(options.forward, own);
    const features = forwards === "xclient" ? await speakFor(channel, options, { told, own }) : own;
    return { channel, own, features, forwards };
  } catch (error) {
    channel.destroy();
    throw error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
}

async function hello(channel: NextHopChannel, { place, hostname }: HelloOptions, helo: string | null): Promise<Features> {
  const name = helo ?? hostname;
  const reply = await channel.ask(`${place.protocol === "lmtp" ? "LHLO" : "EHLO"} ${name}`, limits.nextHopGreetingMs);
  if (isPositive(reply)) return featuresOf(reply);
  // RFC 5321 §3.2: a server that does not know EHLO may know HELO.
  if (place.protocol === "lmtp" || (reply.code !== 500 && reply.code !== 502)) throw refusal(reply, helo);
  const old = await channel.ask(`HELO ${name}`, limits.nextHopGreetingMs);
  if (!isPositive(old)) throw refusal(old, helo);
  return noFeatures;
}

async function secured(channel: NextHopChannel, plain: Features, options: HelloOptions): Promise<Features> {
  const { endpoint } = options.place;
  // A local socket is on no wire.
  if (options.tls === "off" || endpoint.kind === "unix") return plain;
  if (!plain.has("STARTTLS")) {
    if (options.tls === "verify") throw new NextHopLost("the next hop offers no STARTTLS, and next_hop_tls wants it");
    return plain;
  }
  const isName = isIP(endpoint.host) === 0;
  try {
    expected(await channel.ask("STARTTLS", limits.nextHopGreetingMs), 220, "STARTTLS");
    const host = isName ? { servername: endpoint.host, host: endpoint.host } : { host: endpoint.host };
    await channel.startTls({ ...host, rejectUnauthorized: options.tls === "verify" });
  } catch (error) {
    throw new HandshakeFailed(`STARTTLS failed: ${error instanceof Error ? error.message : ""}`, { cause: error });
  }
  // RFC 3207 §4.2: what was said before is forgotten on both sides.
  return hello(channel, options, null);
}

function chosen(wanted: HelloOptions["forward"], features: Features): Greeted["forwards"] {
  const [xclient, xforward] = [features.has("XCLIENT"), features.has("XFORWARD")];
  if (xclient && (wanted === "auto" || wanted === "xclient")) return "xclient";
  return xforward && (wanted === "auto" || wanted === "xforward") ? "xforward" : "off";
}

/** XCLIENT begins the session anew: what is refused from here on is the client, in words that are meant for it. */
async function speakFor(
  channel: NextHopChannel,
  options: HelloOptions,
  { told, own }: { readonly told: Forwarded; readonly own: Features },
): Promise<Features> {
  for (const line of await forwardCommands("XCLIENT", told, own.get("XCLIENT") ?? "")) {
    const reply = await channel.ask(line, limits.nextHopGreetingMs);
    if (!isPositive(reply)) throw new ClientRefused(reply);
  }
  const helo = told.known.get("HELO") ?? null;
  return hello(channel, options, helo !== null && /^[!-~]{1,255}$/.test(helo) ? helo : options.hostname);
}

function expected(reply: Reply, code: number, what: string): void {
  if (reply.code !== code) throw new NextHopLost(`${what}: the next hop said ${reply.code} ${reply.lines.join(" ")}`);
}

/** With no client's name said it is we who are refused: no reason for the sender to give up. */
function refusal(reply: Reply, helo: string | null): Error {
  return helo === null ? new NextHopLost(`EHLO: the next hop said ${reply.code} ${reply.lines.join(" ")}`) : new ClientRefused(reply);
}
