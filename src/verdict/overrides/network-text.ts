/**
 * Networks as entries and rules keep them: CIDR text with nothing set behind the prefix, a single address without its length; the keys
 * by which a store finds them; and whether a client is in one. Parsed once: rules ask the same ones of every message.
 */
import { memoized } from "../../base/memo.ts";
import { formatIpAddress, type IpAddress, isInNetwork, parseIpAddress, parseIpNetwork } from "../../mail/ip-address.ts";

/** Null: neither an address nor a network. */
export function network(text: string): string | null {
  const parsed = parseIpNetwork(text);
  if (parsed === null) return null;
  const { address, bits } = parsed;
  if (bits === widthOf(address)) return formatIpAddress(address);
  const words = address.words.map((word, i) => (word & maskOf(bits - 32 * i)) >>> 0);
  return `${formatIpAddress({ family: address.family, words })}/${bits}`;
}

/** Is the client in one of them? `ip` as Transaction.ip has it. */
export function isInOneOf(ip: string | null, networks: readonly string[]): boolean {
  const address = ip === null ? null : parsedAddress(ip);
  if (address === null) return false;
  return networks.some((text) => {
    const parsed = parsedNetwork(text);
    return parsed !== null && isInNetwork(address, parsed.address, parsed.bits);
  });
}

const parsedAddress = memoized(parseIpAddress);
const parsedNetwork = memoized(parseIpNetwork);

/** The key of one network: its family, the hexadecimal digits of its prefix, its length. Null: no network. */
export function networkKey(text: string): string | null {
  const parsed = parseIpNetwork(text);
  return parsed === null ? null : keyOf(hexOf(parsed.address), parsed.bits);
}

/** The keys of every network of these lengths around an address, the smallest first. */
export function networkKeysAround(address: IpAddress, bits: { readonly least: number; readonly most: number }): readonly string[] {
  const hex = hexOf(address);
  return Array.from({ length: bits.most - bits.least + 1 }, (_, i) => keyOf(hex, bits.most - i));
}

/** 8 digits are IPv4, 32 are IPv6. */
function keyOf(hex: string, bits: number): string {
  const whole = bits >>> 2;
  const rest = bits & 3;
  const last = rest === 0 ? "" : (Number.parseInt(hex.charAt(whole), 16) & (0xf << (4 - rest))).toString(16);
  return `${hex.length === 8 ? 4 : 6}:${hex.slice(0, whole)}${last}/${bits}`;
}

function hexOf({ words }: IpAddress): string {
  return words.map((word) => word.toString(16).padStart(8, "0")).join("");
}

function widthOf({ family }: IpAddress): number {
  return family === 4 ? 32 : 128;
}

function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}
