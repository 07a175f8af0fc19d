/**
 * The DNS servers we ask: their addresses as people write them, the order in which they are tried, and what we remember of them for
 * a short while: that one does not answer (it is tried last) or does not know EDNS (it is asked without). Nothing is asked here.
 */
import { isIP } from "node:net";

export type ServerAddress = { readonly host: string; readonly port: number; readonly family: 4 | 6 };

export interface DnsServer extends ServerAddress {
  /** As it is shown: 192.0.2.1:53 or [2001:db8::1]:53. */
  readonly label: string;
  knowsEdns(): boolean;
  refusedEdns(): void;
  answered(): void;
  /** No answer in time. Several in a row, with no answer to anything between them, put it aside. */
  silent(): void;
  /** It cannot be reached at all. */
  unreachable(): void;
  isResting(): boolean;
}

/** "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]", "[fe80::1%eth0]:53"; null for anything else, host names included. */
export function parseServer(text: string): ServerAddress | null {
  const bracketed = /^\[([^[\]]{2,100})\](?::([0-9]{1,5}))?$/.exec(text);
  if (bracketed !== null) return address(bracketed[1] ?? "", { port: bracketed[2], family: 6 });
  if (isIP(text) === 6) return address(text, { port: undefined, family: 6 });
  const [host = "", port, ...rest] = text.split(":");
  return rest.length > 0 ? null : address(host, { port, family: 4 });
}

/** A server with its memory; `now` in milliseconds that never go back. */
export function dnsServer(where: ServerAddress, now: () => number): DnsServer {
  let silences = 0;
  let restingUntil = 0;
  let plainUntil = 0;
  const rest = () => {
    restingUntil = now() + restMs;
  };
  return {
    ...where,
    label: where.family === 6 ? `[${where.host}]:${where.port}` : `${where.host}:${where.port}`,
    knowsEdns: () => now() >= plainUntil,
    refusedEdns: () => {
      plainUntil = now() + plainMs;
    },
    answered: () => {
      silences = 0;
      restingUntil = 0;
    },
    silent: () => {
      silences += 1;
      if (silences >= silencesMax) rest();
    },
    unreachable: rest,
    isResting: () => now() < restingUntil,
  };
}

/** The order to ask in: as configured, those at rest last. All of them are asked in the end. */
export function inOrder(servers: readonly DnsServer[]): readonly DnsServer[] {
  return [...servers.filter((server) => !server.isResting()), ...servers.filter((server) => server.isResting())];
}

export const dnsPort = 53;
const silencesMax = 3;
const restMs = 10_000;
const plainMs = 10 * 60_000;

function address(host: string, { port, family }: { port: string | undefined; family: 4 | 6 }): ServerAddress | null {
  if (isIP(host) !== family) return null;
  if (port === undefined) return { host, port: dnsPort, family };
  const number = /^[1-9][0-9]{0,4}$/.test(port) ? Number(port) : 0;
  return number >= 1 && number <= 65535 ? { host, port: number, family } : null;
}
