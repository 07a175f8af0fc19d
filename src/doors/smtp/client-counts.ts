/**
 * How many connections each client has open: an IPv4 address, or the /64 of an IPv6 one, within which a host may take any address it likes
 * (RFC 4291 §2.5.1). It keeps nothing of a client that has none open.
 */
import { formatIpAddress, type IpAddress } from "../../mail/ip-address.ts";

export class ClientCounts {
  readonly #open = new Map<string, number>();

  /** Clients with a connection. */
  get clients(): number {
    return this.#open.size;
  }

  of(client: IpAddress | null): number {
    return client === null ? 0 : (this.#open.get(keyOf(client)) ?? 0);
  }

  opened(client: IpAddress | null): void {
    if (client !== null) this.#open.set(keyOf(client), this.of(client) + 1);
  }

  closed(client: IpAddress | null): void {
    if (client === null) return;
    const left = this.of(client) - 1;
    if (left > 0) this.#open.set(keyOf(client), left);
    else this.#open.delete(keyOf(client));
  }
}

function keyOf({ family, words }: IpAddress): string {
  return formatIpAddress(family === 4 ? { family, words } : { family, words: [words[0] ?? 0, words[1] ?? 0, 0, 0] });
}
