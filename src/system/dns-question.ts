/**
 * One question until it is answered: over UDP, again or to the next server where no answer comes, over TCP where it does not fit or
 * its case was changed (RFC 5452 §9, RFC 7766 §5). Each packet has its own random port, id and case; sockets stay open until the end,
 * so that a late answer counts. Garbage and wrong answers never end it: an answer, failures of all servers, or the deadline do.
 */
import { randomFillSync } from "node:crypto";
import type { RecordType } from "../dns/answer.ts";
import { encodeQuery } from "../dns/packet.ts";
import { type Reply, readReply } from "../dns/reply.ts";
import { type DnsServer, inOrder } from "./dns-servers.ts";
import { askTcp, askUdp, type Close } from "./dns-transport.ts";

export type Sent = { readonly name: string; readonly type: RecordType; readonly server: string; readonly transport: "udp" | "tcp" };

export type QuestionOptions = {
  /** As `askableName` gives it. */
  readonly name: string;
  readonly type: RecordType;
  readonly servers: readonly DnsServer[];
  /** How long one try has before the next one starts beside it. */
  readonly timeoutMs: number;
  /** Rounds over the servers. */
  readonly attempts: number;
  /** When it all ends, as performance.now() counts. */
  readonly deadline: number;
  readonly hopsLeft: number;
  readonly authenticData: boolean;
  readonly abandoned: AbortSignal;
  readonly onSent: (sent: Sent) => void;
};

export type Outcome =
  | Extract<Reply, { kind: "found" | "nothing" | "alias" }>
  | { readonly kind: "failure"; readonly status: FailureStatus }
  | { readonly kind: "abandoned" };

export function askQuestion(options: QuestionOptions): Promise<Outcome> {
  return new Promise((resolve) => new Question(options, resolve).start());
}

type Transport = "udp" | "tcp";
type FailureStatus = "servfail" | "refused" | "timeout";

class Question {
  readonly #options: QuestionOptions;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #open = new Set<Close>();
  /** Servers in the order of the tries that are left. */
  readonly #plan: DnsServer[];
  /** They have given their last word on this question. */
  readonly #failed = new Set<DnsServer>();
  readonly #viaTcp = new Set<DnsServer>();
  #current: DnsServer | undefined;
  #lastFailure: FailureStatus = "timeout";
  #tryTimer: NodeJS.Timeout | undefined;
  #endTimer: NodeJS.Timeout | undefined;
  #ended = false;
  readonly #onAbandoned = () => this.#end({ kind: "abandoned" });

  constructor(options: QuestionOptions, resolve: (outcome: Outcome) => void) {
    this.#options = options;
    this.#resolve = resolve;
    const round = inOrder(options.servers);
    this.#plan = Array.from({ length: options.attempts }, () => round).flat();
  }

  start(): void {
    const { abandoned, deadline } = this.#options;
    abandoned.addEventListener("abort", this.#onAbandoned, { once: true });
    if (abandoned.aborted) this.#onAbandoned();
    if (this.#ended) return;
    this.#endTimer = afterPackets(Math.max(0, deadline - performance.now()), () => this.#fail());
    this.#tryNext();
  }

  #tryNext(): void {
    if (this.#ended) return;
    clearTimeout(this.#tryTimer);
    let server = this.#plan.shift();
    while (server !== undefined && this.#failed.has(server)) server = this.#plan.shift();
    if (server === undefined) this.#fail();
    else this.#try(server);
  }

  #try(server: DnsServer): void {
    this.#current = server;
    this.#tryTimer = afterPackets(this.#options.timeoutMs, () => this.#tryExpired(server));
    this.#send(server, this.#viaTcp.has(server) ? "tcp" : "udp");
  }

  #tryExpired(server: DnsServer): void {
    if (this.#ended || server !== this.#current) return;
    if (!this.#failed.has(server)) server.silent();
    this.#tryNext();
  }

  #send(server: DnsServer, transport: Transport): void {
    const { name, type, authenticData, hopsLeft, onSent } = this.#options;
    const edns = server.knowsEdns();
    const random = randomOctets(2 + Math.ceil(name.length / 8));
    const id = ((random[0] ?? 0) << 8) | (random[1] ?? 0);
    const query = encodeQuery({ id, name, type, caseBits: random.subarray(2), edns, authenticData });
    const ask = transport === "udp" ? askUdp : askTcp;
    const close = ask({
      server,
      query,
      onSent: () => onSent({ name, type, server: server.label, transport }),
      onPacket: (packet) => this.#read(readReply(packet, { query, type, edns, transport, hopsLeft }), server, close),
      onBroken: () => {
        this.#open.delete(close);
        this.#broken(server, transport);
      },
    });
    this.#open.add(close);
  }

  #read(reply: Reply, server: DnsServer, close: Close): void {
    if (this.#ended || reply.kind === "stranger") return;
    server.answered();
    this.#open.delete(close);
    close();
    switch (reply.kind) {
      case "found":
      case "nothing":
      case "alias":
        this.#end(reply);
        return;
      case "truncated":
      case "other-case":
        // The same server once more, in the time that this try has left.
        if (!this.#viaTcp.has(server)) this.#send(server, "tcp");
        this.#viaTcp.add(server);
        return;
      case "no-edns":
        server.refusedEdns();
        this.#send(server, this.#viaTcp.has(server) ? "tcp" : "udp");
        return;
      case "failure":
        this.#serverFailed(server, reply.status);
        return;
      default:
        reply satisfies never;
    }
  }

  #broken(server: DnsServer, transport: Transport): void {
    if (this.#ended) return;
    if (transport === "udp") server.unreachable();
    // Over TCP it had answered before, only not usably.
    this.#serverFailed(server, transport === "udp" ? "timeout" : "servfail");
  }

  #serverFailed(server: DnsServer, status: FailureStatus): void {
    this.#failed.add(server);
    if (status !== "timeout") this.#lastFailure = status;
    if (this.#options.servers.every((other) => this.#failed.has(other))) this.#fail();
    // Another server's turn: at once, if there is one left to try. Otherwise those asked before may still answer, until this try ends.
    else if (server === this.#current && this.#plan.some((other) => !this.#failed.has(other))) this.#tryNext();
  }

  #fail(): void {
    this.#end({ kind: "failure", status: this.#lastFailure });
  }

  #end(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#tryTimer);
    clearTimeout(this.#endTimer);
    this.#options.abandoned.removeEventListener("abort", this.#onAbandoned);
    for (const close of this.#open) close();
    this.#open.clear();
    this.#resolve(outcome);
  }
}

/** A timer that fires late, after other work, must not win against an answer that has arrived meanwhile: packets are read first. */
function afterPackets(ms: number, act: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(act), ms);
}

const pool = new Uint8Array(4096);
let drawn = pool.length;

/** Unpredictable octets, each given out once. */
function randomOctets(count: number): Uint8Array {
  if (drawn + count > pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  drawn += count;
  return pool.slice(drawn - count, drawn);
}
