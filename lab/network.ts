/**
 * The simulated network: addresses, hosts and the providers that many share. Addresses are taken from 240.0.0.0/4 and
 * 2001:db8::/32, which nobody has (RFC 6890 §2.2), so that no real network is ever named.
 */
import type { Tls } from "../src/mail/transaction.ts";
import { between, chance, pick, pickWeighted, type Random } from "./random.ts";

export type Host = {
  readonly ip: string;
  /** PTR names; confirmed if they resolve back. */
  readonly names: readonly string[];
  readonly confirmed: boolean;
  readonly helo: string;
  readonly tls: Tls | null;
  /** Whose network it stands in; null for an address space of its own. */
  readonly provider: Provider | null;
  readonly block: Block;
};

export type ProviderKind = "mailboxes" | "bulk" | "hosting" | "gateway" | "access";

/** Shared by many: mailbox hosters and large webmail, bulk senders, hosting, scanning gateways, access networks. */
export type Provider = {
  readonly kind: ProviderKind;
  readonly domain: string;
  readonly blocks: readonly Block[];
  /** The hosts that its customers' mail leaves by; none for hosting and access, whose customers run their own. */
  readonly relays: Host[];
};

/** A /24 or a /48, of which addresses are handed out. */
export type Block = { readonly address: (n: number) => string; next: number };

export class Network {
  readonly #random: Random;
  #blocks = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  block(): Block {
    const n = this.#blocks++;
    const [a, b, c] = [240 + ((n >>> 16) & 15), (n >>> 8) & 255, n & 255];
    return { address: (host) => `${a}.${b}.${c}.${1 + (host % 254)}`, next: between(this.#random, 0, 40) };
  }

  /** RFC 3849's documentation prefix: 65,536 networks of /48. */
  block6(): Block {
    const n = this.#blocks++ & 0xffff;
    return { address: (host) => `2001:db8:${n.toString(16)}::${(1 + host).toString(16)}`, next: 0 };
  }

  provider(kind: ProviderKind, domain: string): Provider {
    const size = { mailboxes: 12, bulk: 4, hosting: 16, gateway: 3, access: 20 }[kind];
    const blocks = Array.from({ length: size }, () => this.block());
    if (kind === "mailboxes") blocks.push(this.block6(), this.block6());
    const provider: Provider = { kind, domain, blocks, relays: [] };
    if (kind === "hosting" || kind === "access") return provider;
    for (const [i, block] of blocks.entries()) {
      for (let n = 0; n < 3; n++) provider.relays.push(this.#relay(provider, { block, name: `out-${i}${"abc"[n] ?? ""}.mail.${domain}` }));
    }
    return provider;
  }

  /** A relay of a provider's: well kept, confirmed, with TLS. */
  #relay(provider: Provider, { block, name }: { block: Block; name: string }): Host {
    return { ip: block.address(block.next++), names: [name], confirmed: true, helo: name, tls: modernTls, provider, block };
  }

  /** A server of an organization's own, called `name`: in an address space of its own or at a hosting or access provider. */
  server(name: string, provider: Provider | null): Host {
    const random = this.#random;
    const block = provider === null ? this.block() : pick(random, provider.blocks);
    const ip = block.address(block.next++);
    const reverse = pickWeighted<"own" | "generic" | "none">(random, [
      [provider?.kind === "access" ? 40 : 75, "own"],
      [provider === null ? 0 : 20, "generic"],
      [8, "none"],
    ]);
    const names = reverse === "own" ? [name] : reverse === "generic" ? [genericName(ip, provider)] : [];
    const confirmed = reverse === "generic" ? chance(random, 0.8) : reverse === "own" && chance(random, 0.95);
    return { ip, names, confirmed, helo: chance(random, 0.9) ? name : "localhost", tls: tlsOf(random, 0.85), provider, block };
  }

  /** What a spoofer gets: a fresh machine in the block, or in one that nobody was seen in; seldom with a PTR of his own. */
  rented(provider: Provider | null, { block = null, name = null }: { block?: Block | null; name?: string | null } = {}): Host {
    const random = this.#random;
    const chosen = block ?? (provider === null ? this.block() : pick(random, provider.blocks));
    const ip = chosen.address(chosen.next++);
    const reverse = pickWeighted<"own" | "generic" | "none">(random, [
      [name === null ? 0 : 40, "own"],
      [45, "generic"],
      [25, "none"],
    ]);
    const names = reverse === "own" && name !== null ? [name] : reverse === "generic" ? [genericName(ip, provider)] : [];
    const helo = name ?? pick(random, ["localhost", "WIN-7K2", `host-${ip.replaceAll(/[.:]+/g, "-")}`]);
    return { ip, names, confirmed: names.length > 0 && chance(random, 0.9), helo, tls: tlsOf(random, 0.7), provider, block: chosen };
  }
}

function genericName(ip: string, provider: Provider | null): string {
  return `vps-${ip.replaceAll(/[.:]+/g, "-")}.${provider?.domain ?? "cheap-hosts.example"}`;
}

const modernTls: Tls = { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", subject: null };
const olderTls: Tls = { version: "TLSv1.2", cipher: "ECDHE-RSA-AES256-GCM-SHA384", subject: null };

function tlsOf(random: Random, share: number): Tls | null {
  return chance(random, share) ? (chance(random, 0.7) ? modernTls : olderTls) : null;
}
