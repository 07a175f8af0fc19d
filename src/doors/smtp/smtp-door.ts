/**
 * The SMTP proxy door: stands before Postfix's queue (smtpd_proxy_filter) or in front of any mail server, takes a message as SMTP has it
 * (RFC 5321), hands it to the journey, and passes it on to the next hop, SMTP or LMTP, with our fields on top. It keeps no queue: the client is
 * told 250 when the next hop has said so, in its words, and until then the message is the client's. It adds no Received field: the next hop
 * does, which is told of the client with XCLIENT or XFORWARD. Which recipients there are the next hop says, so this door is as open a relay
 * as the next hop is for it: one that relays for this host's own address must be told of the client with XCLIENT, or relays for everybody.
 * No certificate configured: no STARTTLS.
 */
import type { Socket } from "node:net";
import { hostname, tmpdir } from "node:os";
import { createSecureContext } from "node:tls";
import { SMTPServer } from "smtp-server";
import { limits } from "../../base/limits.ts";
import type { Config } from "../../config/schema.ts";
import type { NextHop as NextHopPlace } from "../../config/values.ts";
import type { Door, DoorMeans, ListenAt } from "../../gateway/dialogue/door.ts";
import { formatIpAddress, type IpAddress, parseIpAddress } from "../../mail/ip-address.ts";
import { isInOneOf } from "../../verdict/overrides/network-text.ts";
import { ClientCounts } from "./client-counts.ts";
import { ProxyConnection } from "./connection.ts";
import { NextHop } from "./next-hop.ts";
import { PartialDeliveries } from "./partial-deliveries.ts";
import { type Reply, replies, replyBytes, tooManyOfClient } from "./reply.ts";
import type { Peer, ProxyParts } from "./session.ts";
import { checkSpool } from "./spool.ts";

/** The table [smtp], with the certificate chain and its key as PEM in the place of their files. */
export type SmtpHabits = Config["smtp"];

export type SmtpDoorOptions = {
  readonly at: ListenAt;
  readonly listener: Door["listener"];
  readonly nextHop: NextHopPlace;
  /** Read anew for each connection and message; the certificate for each handshake. */
  readonly habits: () => SmtpHabits;
  readonly connectionsMax: number;
  /** Networks of which one client may have more connections than `connections_per_client` says; beside those of `xclient_from`. */
  readonly ours: () => readonly string[];
};

/** Rejects where the place is taken, the certificate is none, or the spool takes no file. A next hop that is down does not matter here. */
export async function openSmtpDoor(options: SmtpDoorOptions, means: DoorMeans): Promise<Door> {
  await checkSpool(spoolFolder(options.habits()));
  const server = new ProxyServer(options, means);
  const place = await means.listen(server.server, options.at);
  server.isListening = true;
  return {
    name: "smtp",
    listener: options.listener,
    place,
    get connections() {
      return server.open.size;
    },
    close: (graceMs) => server.end(graceMs),
  };
}

type Tls = { readonly certificate: string; readonly key: string };

class ProxyServer extends SMTPServer {
  readonly open = new Set<ProxyConnection>();
  readonly #clients = new ClientCounts();
  /** Connections that are told to go, and have not gone. */
  #refused = 0;
  isListening = false;
  readonly #options: SmtpDoorOptions;
  readonly #means: DoorMeans;
  readonly #proxy: ProxyParts;
  #tls: Tls | null;
  #onEmpty: (() => void) | null = null;

  constructor(options: SmtpDoorOptions, means: DoorMeans) {
    const tls = tlsOf(options.habits());
    super({
      ...{ name: options.habits().hostname ?? hostname(), logger: false, disableReverseLookup: true, authOptional: true },
      ...{ socketTimeout: limits.proxyCommandMs, hideSTARTTLS: tls === null, disabledCommands: tls === null ? ["STARTTLS"] : [] },
      ...(tls === null ? {} : { cert: tls.certificate, key: tls.key, minVersion: "TLSv1.2" }),
    });
    this.#options = options;
    this.#means = means;
    this.#tls = tls;
    this.#proxy = this.#made();
    // A place that cannot be had is told of by who listens.
    this.on("error", (error) => (this.isListening ? means.onFault(error, "smtp door") : undefined));
    // Those beyond are cut without a word: what is said to a connection too many is bounded too.
    this.server.maxConnections = options.connectionsMax + refusedMax(options.connectionsMax);
  }

  override connect(socket: Socket): void {
    const about = { name: "smtp", listener: this.#options.listener } as const;
    const client = parseIpAddress(socket.remoteAddress ?? "");
    socket.on("error", () => {});
    const refusal = this.#refusal(client);
    if (refusal !== null) {
      this.#means.onConnection("refused", about);
      this.#refuse(socket, refusal);
      return;
    }
    this.#renew();
    const onClosed = (each: ProxyConnection): void => {
      this.connections.delete(each);
      if (!this.open.delete(each)) return;
      this.#clients.closed(client);
      this.#means.onConnection("closed", about);
      if (this.open.size === 0) this.#onEmpty?.();
    };
    const isCrowded = (): boolean => this.open.size * 4 > this.#options.connectionsMax * 3;
    const peer = this.#peer(client, socket.remotePort ?? null);
    const connection = new ProxyConnection(this, socket, { proxy: this.#proxy, peer, isCrowded, onClosed });
    this.open.add(connection);
    this.#clients.opened(client);
    this.connections.add(connection);
    this.#means.onConnection("opened", about);
    connection.init();
  }

  async end(graceMs: number): Promise<void> {
    this.server.close();
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (this.open.size === 0) resolve();
    });
    for (const connection of this.open) connection.drain();
    const timer = setTimeout(() => {
      for (const connection of this.open) connection.cut();
    }, graceMs);
    await empty;
    clearTimeout(timer);
  }

  #made(): ProxyParts {
    const { listener, nextHop, habits } = this.#options;
    const { service, onFault } = this.#means;
    const name = (): string => habits().hostname ?? hostname();
    const hello = () => ({ place: nextHop, hostname: name(), tls: habits().next_hop_tls, forward: habits().forward_client });
    return {
      ...{ service, listener, onFault, hostname: name },
      nextHop: new NextHop(hello, (error) => onFault(error, "next hop")),
      partial: new PartialDeliveries(),
      messageBytesMax: () => habits().message_bytes_max,
      spool: () => ({ folder: spoolFolder(habits()), memoryBytesMax: habits().memory_bytes_max }),
      offersTls: () => this.#tls !== null,
    };
  }

  /** RFC 5321 §4.2: what a connection too many is told in the place of a greeting; null: it is none. */
  #refusal(client: IpAddress | null): Reply | null {
    const { connectionsMax, habits, ours } = this.#options;
    if (this.open.size >= connectionsMax) return replies.tooManyConnections;
    const { connections_per_client: most, hostname: name, xclient_from } = habits();
    if (most === 0 || this.#clients.of(client) < most || isInOneOf(textOf(client), [...xclient_from, ...ours()])) return null;
    return tooManyOfClient(name ?? hostname());
  }

  /** Attack: one address is refused so often that those who wait for its leave take the room of everybody. They are cut without a word. */
  #refuse(socket: Socket, reply: Reply): void {
    if (this.#refused >= refusedMax(this.#options.connectionsMax)) {
      socket.destroy();
      return;
    }
    this.#refused++;
    const timer = setTimeout(() => socket.destroy(), limits.proxyRefusedMs);
    timer.unref();
    socket.once("close", () => {
      clearTimeout(timer);
      this.#refused--;
    });
    socket.end(replyBytes(reply)).resume();
  }

  #peer(client: IpAddress | null, port: number | null): Peer {
    const ip = textOf(client);
    return { ip, port, isListed: isInOneOf(ip, this.#options.habits().xclient_from) };
  }

  /** A certificate that was renewed counts from the next connection on; one that is none leaves the old one. */
  #renew(): void {
    const tls = tlsOf(this.#options.habits());
    if (tls === null || this.#tls === null || (tls.certificate === this.#tls.certificate && tls.key === this.#tls.key)) return;
    try {
      // Tried first: the server would be left without any.
      createSecureContext({ cert: tls.certificate, key: tls.key });
      this.updateSecureContext({ cert: tls.certificate, key: tls.key });
    } catch (error) {
      this.#means.onFault(error, "the new certificate");
    }
    this.#tls = tls;
  }
}

function tlsOf({ tls_certificate, tls_key }: SmtpHabits): Tls | null {
  return tls_certificate === null || tls_key === null ? null : { certificate: tls_certificate, key: tls_key };
}

function spoolFolder({ spool }: SmtpHabits): string {
  return spool ?? tmpdir();
}

/** Connections that may be there beyond those that are served, to hear that they are too many. */
function refusedMax(connectionsMax: number): number {
  return Math.max(10, connectionsMax >> 3);
}

function textOf(address: IpAddress | null): string | null {
  return address === null ? null : formatIpAddress(address);
}
