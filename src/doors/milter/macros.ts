/**
 * The macros of a milter connection that matter here, whichever stage brought them: those of the connection stay until the next one, those
 * of the greeting until the next greeting, those of a message until its end. Only the wanted names are kept.
 */
import type { Tls } from "../../mail/transaction.ts";
import { readMacros } from "./events.ts";
import { command, type Frame } from "./packet.ts";

export class Macros {
  private readonly connection = new Map<string, string>();
  private readonly greeting = new Map<string, string>();
  private readonly message = new Map<string, string>();
  private readonly recipient = new Map<string, string>();

  take(frame: Frame): void {
    const stage = frame.bytes[frame.start];
    // A server may send the same again with each header field and piece of the body.
    if (stage === command.header || stage === command.body) return;
    const kept = this.of(stage);
    // MAIL begins a message; its later stages add to what is known of it.
    if (kept !== this.message || stage === command.mail) kept.clear();
    for (const { name, value } of readMacros(frame).pairs) {
      if (name === "i") this.message.set(name, value);
      else if (wanted.has(name)) kept.set(name, value);
    }
  }

  /** The latest known: Postfix has none before the first recipient. */
  get queueId(): string | null {
    return this.message.get("i") || null;
  }

  /** Which program it is, by its own account: Postfix begins with its name. */
  get isPostfix(): boolean {
    return this.connection.get("v")?.startsWith("Postfix ") === true;
  }

  get daemon(): string | null {
    return this.message.get("daemon_name") || this.connection.get("daemon_name") || null;
  }

  get authenticatedAs(): string | null {
    return this.message.get("auth_authen") || null;
  }

  get tls(): Tls | null {
    const version = this.greeting.get("tls_version") || null;
    const { greeting } = this;
    return version === null ? null : { version, cipher: greeting.get("cipher") || null, subject: greeting.get("cert_subject") || null };
  }

  /** The server has refused the recipient of the next RCPT by itself. */
  get recipientIsRefused(): boolean {
    return this.recipient.get("rcpt_mailer") === "error";
  }

  endRecipient(): void {
    this.recipient.clear();
  }

  endMessage(): void {
    this.message.clear();
    this.recipient.clear();
  }

  endConnection(): void {
    this.endMessage();
    this.connection.clear();
    this.greeting.clear();
  }

  private of(stage: number | undefined): Map<string, string> {
    if (stage === command.connect) return this.connection;
    if (stage === command.helo) return this.greeting;
    return stage === command.rcpt ? this.recipient : this.message;
  }
}

const wanted: ReadonlySet<string> = new Set(["v", "daemon_name", "tls_version", "cipher", "cert_subject", "auth_authen", "rcpt_mailer"]);
