/**
 * The milter door: Postfix and Sendmail hand each message over while its client waits, and do with it what is decided. It listens on TCP or
 * a UNIX socket, serves a limited number of connections, lets none be silent for ever, and is drained without losing a message.
 */
import { createServer, type Server, type Socket } from "node:net";
import { limits } from "../../base/limits.ts";
import type { Door, DoorMeans, ListenAt } from "../../gateway/dialogue/door.ts";
import type { Agreement } from "./negotiate.ts";
import { type Habits, MilterProtocolError, Session, type Wire } from "./session.ts";

export type MilterOptions = {
  readonly at: ListenAt;
  readonly listener: Door["listener"];
  readonly connectionsMax: number;
  /** Asked anew for each message. */
  readonly habits: () => Habits;
  /** How long a connection may be silent before it is closed, in milliseconds; default: limits.milterNegotiationMs and those beside it. */
  readonly silenceMs?: SilenceMs;
};

/** Until the negotiation, between packets, and inside a message. */
export type SilenceMs = Readonly<Record<Parameters<Wire["expect"]>[0], number>>;

/** Opens the door. Rejects where the place cannot be listened at. */
export async function openMilterDoor(options: MilterOptions, means: DoorMeans): Promise<Door> {
  const door = new MilterDoor(options, means);
  await door.open();
  return door;
}

class MilterDoor implements Door {
  readonly name = "milter";
  readonly listener: Door["listener"];
  place = "";
  private readonly options: MilterOptions;
  private readonly means: DoorMeans;
  private readonly server: Server;
  private readonly sessions = new Map<Socket, Session>();
  private readonly postfix = new KnownPostfix();
  private isToldOfLimits = false;
  private closing: Promise<void> | null = null;
  private onEmpty: () => void = () => {};

  constructor(options: MilterOptions, means: DoorMeans) {
    this.options = options;
    this.means = means;
    this.listener = options.listener;
    this.server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: limits.milterKeepAliveMs }, (socket) =>
      this.welcome(socket),
    );
  }

  get connections(): number {
    return this.sessions.size;
  }

  async open(): Promise<void> {
    this.place = await this.means.listen(this.server, this.options.at);
    // Later errors are of single connections that could not be taken.
    this.server.on("error", (error) => this.means.onFault(error, "milter"));
  }

  close(graceMs: number): Promise<void> {
    this.closing ??= this.drained(graceMs);
    return this.closing;
  }

  private async drained(graceMs: number): Promise<void> {
    this.server.close();
    const empty = new Promise<void>((resolve) => {
      this.onEmpty = resolve;
    });
    for (const session of this.sessions.values()) session.drain();
    if (this.sessions.size === 0) return;
    const cut = setTimeout(() => this.cut(), graceMs);
    await empty;
    clearTimeout(cut);
  }

  private cut(): void {
    for (const session of this.sessions.values()) session.cut();
  }

  private agreed({ inserts, changes }: Agreement): void {
    if ((inserts && changes) || this.isToldOfLimits) return;
    // Once: it is how the server is set up, and the same for each of its connections.
    this.isToldOfLimits = true;
    this.means.onFault(new MilterProtocolError("the mail server lets no header be changed: messages go without their stamp"), "milter");
  }

  private welcome(socket: Socket): void {
    // Without a listener an error of the socket would end the process; `close` follows it.
    socket.on("error", () => {});
    if (this.sessions.size >= this.options.connectionsMax || this.closing !== null) {
      this.means.onConnection("refused", this);
      socket.destroy();
      return;
    }
    const { service, onFault } = this.means;
    const onAgreement = (agreement: Agreement) => this.agreed(agreement);
    const { listener } = this;
    const { habits } = this.options;
    const isBusy = () => this.sessions.size > limits.milterBusyConnections;
    const known = this.postfix.at(socket.remoteAddress ?? "");
    const wire = wireOf(socket, this.options.silenceMs ?? silenceMs);
    const session = new Session(wire, { service, onFault, onAgreement, listener, habits, isBusy, ...known });
    this.sessions.set(socket, session);
    this.means.onConnection("opened", this);
    socket.on("data", (chunk: Buffer) => session.receive(chunk));
    socket.on("timeout", () => socket.destroy());
    socket.on("close", () => {
      session.lost();
      this.sessions.delete(socket);
      this.means.onConnection("closed", this);
      if (this.sessions.size === 0) this.onEmpty();
    });
  }
}

/** The hosts whose mail server said last that it is Postfix; local ones share one place. Bounded: full, it forgets and learns again. */
class KnownPostfix {
  private readonly hosts = new Set<string>();

  at(host: string): { readonly isPostfix: () => boolean; readonly onServer: (isPostfix: boolean) => void } {
    return {
      isPostfix: () => this.hosts.has(host),
      onServer: (isPostfix) => {
        if (this.hosts.size >= limits.milterHostsMax) this.hosts.clear();
        if (isPostfix) this.hosts.add(host);
        else this.hosts.delete(host);
      },
    };
  }
}

/** Closes once what is written is read; one that does not read is not waited for. */
function finish(socket: Socket): void {
  socket.setTimeout(limits.milterLastWordMs);
  socket.destroySoon();
}

const silenceMs = {
  negotiation: limits.milterNegotiationMs,
  message: limits.milterIdleMs,
  content: limits.milterContentMs,
} as const satisfies SilenceMs;

function wireOf(socket: Socket, silence: SilenceMs): Wire {
  return {
    write: (bytes) => {
      if (socket.writable) socket.write(bytes);
      if (socket.writableLength > limits.milterReplyBytesMax) socket.destroy();
    },
    finish: () => finish(socket),
    hold: () => socket.pause(),
    resume: () => socket.resume(),
    expect: (next) => socket.setTimeout(silence[next]),
  };
}
