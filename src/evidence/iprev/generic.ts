/**
 * Is a PTR name generic: handed out by an access or hosting provider for the address, rather than chosen for a mail host?
 * It carries the address's digits, or a label such as dyn, pool or static. Pure, and a heuristic; it looks only below the
 * organization's own name, so that mail.pool.com is not generic.
 */
import { formatIpAddress, type IpAddress } from "../../mail/ip-address.ts";
import { organizationalDomainByList } from "../../mail/public-suffix.ts";

/** `name` as `domainToAscii` gives it. */
export function isGenericName(name: string, client: IpAddress): boolean {
  const organization = organizationalDomainByList(name);
  const host = organization === null ? name : name.slice(0, Math.max(0, name.length - organization.length - 1));
  if (host === "") return false;
  return hasProviderWord(host) || (client.family === 4 ? carriesIpv4(host, client.words[0] ?? 0) : carriesIpv6(host, client));
}

const providerWords: ReadonlySet<string> = new Set(
  `dyn dynamic dynip dynamicip ddns dhcp bootp pool pools ippool static staticip fixed ppp pppoe pptp l2tp
   dsl adsl vdsl sdsl xdsl hdsl dial dialin dialup modem isdn cable cablemodem catv docsis hfc broadband bband wireless
   fttb fttc ftth fttp fttx gpon cpe customer customers cust client clients subscriber subscribers subs residential resi
   nat cgnat wlan wifi wimax hotspot cellular gprs umts lte unassigned unallocated unused unknown reverse rdns ptr
   vps vds vserver droplet compute`.split(/\s+/),
);

/** A run of letters that is one of the words: `dyn-12`, `static.`, `adsl3`. */
function hasProviderWord(host: string): boolean {
  return host.split(/[^a-z]+/).some((word) => providerWords.has(word));
}

/** The octets forwards or backwards: separated, padded, joined, hexadecimal, or as one decimal number. */
function carriesIpv4(host: string, address: number): boolean {
  // Eight hexadecimal digits, or some decimal ones: without either there is nothing to find.
  if (host.length < 8 && !/\d/.test(host)) return false;
  const octets = [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255];
  const numbers = host.split(/[^0-9]+/).filter((run) => run !== "");
  const compact = withoutSeparators(host);
  if (address >= 0x1000000 && numbers.includes(String(address))) return true;
  return [octets, octets.toReversed()].some(
    (row) =>
      hasNeighbours(numbers, row) ||
      hasJoined(numbers, row) ||
      compact.includes(row.map((octet) => octet.toString(16).padStart(2, "0")).join("")),
  );
}

/** Three neighbouring octets as neighbouring numbers; or two, if both have two digits: small pairs are as often a rack and a slot. */
function hasNeighbours(numbers: readonly string[], row: readonly number[]): boolean {
  return numbers.some((_, start) =>
    row.some((_, from) => {
      const length = commonRun(numbers.slice(start, start + 3), row.slice(from, from + 3));
      return length >= 3 || (length === 2 && row.slice(from, from + 2).every((octet) => octet >= 10));
    }),
  );
}

function commonRun(numbers: readonly string[], octets: readonly number[]): number {
  let length = 0;
  while (length < octets.length && numbers[length] !== undefined && isOctet(numbers[length] ?? "", octets[length] ?? -1)) length += 1;
  return length;
}

/** With or without leading zeros. */
function isOctet(digits: string, octet: number): boolean {
  return digits.length <= 3 && Number(digits) === octet;
}

/** All four octets in one run of digits, padded to three digits each or, if that is telling enough, as they are. */
function hasJoined(numbers: readonly string[], row: readonly number[]): boolean {
  const padded = row.map((octet) => String(octet).padStart(3, "0")).join("");
  const plain = row.join("");
  return numbers.some((run) => run.includes(padded) || (plain.length >= 6 && run === plain));
}

/** The groups written out, short or padded, with separators or none; the reversed nibbles; or a telling half of the address. */
function carriesIpv6(host: string, address: IpAddress): boolean {
  const nibbles = address.words.map((word) => word.toString(16).padStart(8, "0")).join("");
  const compact = withoutSeparators(host);
  const reversed = nibbles.split("").reverse().join("");
  if (compact.includes(nibbles) || compact.includes(reversed)) return true;
  const halves = [nibbles.slice(0, 16), nibbles.slice(16)].filter((half) => !half.startsWith("00000000"));
  if (halves.some((half) => compact.includes(half))) return true;
  const short = (nibbles.match(/.{4}/g) ?? []).map((group) => group.replace(/^0+(?=.)/, "")).join("-");
  const dashed = host.replace(/[._]/g, "-");
  return dashed.includes(short) || dashed.includes(formatIpAddress(address).replaceAll(":", "-"));
}

function withoutSeparators(host: string): string {
  return host.replace(/[-._]/g, "");
}
