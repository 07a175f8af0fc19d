/**
 * The envelope: what the SMTP dialogue said (RFC 5321), as a readonly value. Made by the doors, read by every stage.
 * A reverse path that does not follow RFC 5321's grammar gives no domain: it is never repaired, and never taken for the
 * null path (attack: MAIL FROM `<(any@victim>` read as empty, so that HELO is checked instead).
 */
export type Tls = { readonly version: string | null; readonly cipher: string | null; readonly subject: string | null };

export type Transaction = {
  /** Client address: IPv4 dotted or IPv6 as RFC 5952; IPv4-mapped addresses are IPv4. Null where unknown. */
  readonly ip: string | null;
  /** First confirmed PTR name; filled in from iprev. */
  readonly ptr: string | null;
  readonly helo: string | null;
  /** Without brackets; "" is the null path; null where unknown. */
  readonly mailFrom: string | null;
  readonly rcptTo: readonly string[];
  readonly tls: Tls | null;
  readonly authenticatedAs: string | null;
  readonly listener: string | null;
  readonly direction: "inbound" | "outbound";
  readonly queueId: string | null;
  readonly messageId: string | null;
  /** Bytes of the message as received. */
  readonly size: number | null;
  readonly trustedHop: string | null;
};
